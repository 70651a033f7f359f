# Enters: step names and keys. Leaves: what set-up prints, and stamps that say which steps are done.
# Never: installs anything.

readonly venv=.venv
readonly stamps=$venv/.done # inside the environment: who deletes it loses the stamps with it
steps_taken=0

step() { # step TEXT: announces work, with the seconds so far
  steps_taken=$((steps_taken + 1))
  printf '[set-up %3ds] %s\n' "$SECONDS" "$1"
}

note() { printf '               %s\n' "$1"; }

fail() {
  printf 'set-up stopped: %s\n' "$1" >&2
  exit 1
}

finished() {
  if ((steps_taken)); then
    step "ready"
  fi
}

key_of() { sha256sum "$@" | sha256sum | cut -c1-64; } # key_of FILE…: changes when one of them does

is_done() { [[ -f $stamps/$1 && $(<"$stamps/$1") == "$2" ]]; } # is_done STEP KEY

undo() { rm -f "$stamps/$1"; } # before a step's first write, so that a cut leaves no false stamp

mark_done() { # mark_done STEP KEY
  mkdir -p "$stamps"
  sync --file-system "$stamps" # a power cut must not keep the stamp and lose what it stands for
  printf '%s\n' "$2" >"$stamps/$1.new"
  mv "$stamps/$1.new" "$stamps/$1"
}

one_set_up_at_a_time() {
  mkdir -p var
  exec 9>var/set-up.lock
  if ! flock --nonblock 9; then
    step "another set-up is at work in this checkout: waiting for it"
    flock 9
  fi
}

usable_home() { # pip, uv and npm keep their caches in HOME
  if [[ -z ${HOME:-} || ! -w $HOME ]]; then
    export HOME=$PWD/var/home
    mkdir -p "$HOME"
  fi
}
