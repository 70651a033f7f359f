# Enters: a Python of 3.11 or later, and the hashed locks. Leaves: .venv with exactly what a lock names.
# Never: takes the tools of development away from an environment that has them.

readonly version_of='import sys; print("{}.{}".format(*sys.version_info))'

checked_python() { # prints the Python to use
  local python=${PYTHON:-python3} version
  command -v "$python" >/dev/null ||
    fail "there is no $python here. Install Python 3.11 or later, or name one: make PYTHON=/path/to/python3.13 …"
  version=$("$python" -c "$version_of") || fail "$python does not start."
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$python is Python $version, and 3.11 or later is needed. Name another: make PYTHON=/path/to/python3.13 …"
  echo "$python"
}

environment_serves() { # an environment that works, and of the Python that was asked for, if one was
  "$venv/bin/python" -c 'import pip' 2>/dev/null || return 1
  [[ -z ${PYTHON:-} || $("$venv/bin/python" -c "$version_of") == $("$PYTHON" -c "$version_of") ]]
}

create_environment() {
  local python
  if [[ -n ${PYTHON:-} ]]; then checked_python >/dev/null; fi
  if environment_serves; then return; fi
  python=$(checked_python)
  step "environment of $("$python" -c "$version_of") in $venv"
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    install_debian python3-venv || fail "$python cannot make an environment without python3-venv."
    "$python" -c 'import ensurepip, venv' || fail "python3-venv is there, but not for $python."
  fi
  "$python" -m venv --clear "$venv"
}

index_of_pip() { # a mirror that pip was told of serves uv as well
  local index
  if [[ -z ${UV_DEFAULT_INDEX:-} ]] && index=$("$venv/bin/python" -m pip config get global.index-url 2>/dev/null); then
    export UV_DEFAULT_INDEX=${PIP_INDEX_URL:-$index}
  elif [[ -z ${UV_DEFAULT_INDEX:-} && -n ${PIP_INDEX_URL:-} ]]; then
    export UV_DEFAULT_INDEX=$PIP_INDEX_URL
  fi
}

install_uv() {
  local key
  key=$(key_of deploy/bootstrap.lock)
  is_done uv "$key" && return
  undo uv
  step "uv, by the hash in deploy/bootstrap.lock"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --require-hashes --only-binary :all: --requirement deploy/bootstrap.lock
  mark_done uv "$key"
}

uv_pip() { # uv_pip SUBCOMMAND…: uv as this house uses it
  UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=true UV_HTTP_TIMEOUT=${UV_HTTP_TIMEOUT:-300} \
    "$venv/bin/uv" pip "$1" --python "$venv/bin/python" --require-hashes --no-build "${@:2}"
}

install_packages() { # install_packages run|dev
  local level=$1 lock key
  if [[ -x $venv/bin/pytest ]]; then level=dev; fi
  lock=requirements.lock
  if [[ $level == dev ]]; then lock=requirements-dev.lock; fi
  key="$level $(key_of "$lock")"
  is_done packages "$key" && return
  undo packages
  step "Python packages of $lock (some 600 MB unpacked; the first time takes a while)"
  index_of_pip
  uv_pip sync --compile-bytecode "$lock"
  mark_done packages "$key"
}

prepare_encoder() { # dlib's network as a graph for OpenCV, made of the installed weights
  local key
  key=$(key_of requirements.lock camera/dlib_graph.py camera/dlib_weights.py camera/models.py)
  if is_done encoder "$key" && [[ -n $(find var/models -name '*.onnx' -size +0 2>/dev/null) ]]; then return; fi
  undo encoder
  step "the face encoder's graph, from the weights that are installed"
  "$venv/bin/python" -m camera prepare >/dev/null
  mark_done encoder "$key"
}

fetch_sample_pictures() { "$venv/bin/python" deploy/fetch_samples.py; }
