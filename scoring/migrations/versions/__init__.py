"""One file a revision, in order; each makes or alters tables and looks at no module of ours."""
