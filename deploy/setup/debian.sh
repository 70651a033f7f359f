# Enters: names of Debian packages. Leaves: them, installed, where this is root; otherwise the command to type.
# Never: asks a question, calls sudo.

apt_is_fresh=no

is_root() { ((EUID == 0)); }

apt_command() { echo "apt-get install --yes --no-install-recommends $*"; }

install_debian() { # install_debian PACKAGE…: false where they could not be installed
  if ! is_root || ! command -v apt-get >/dev/null; then
    note "not installed, since this is not root on Debian. To have it, type:"
    note "    sudo $(apt_command "$@")"
    return 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  if [[ $apt_is_fresh == no ]]; then
    dpkg --configure -a || return 1 # an earlier installation may have been cut
    apt-get update --quiet || return 1
    apt_is_fresh=yes
  fi
  apt-get -o DPkg::Lock::Timeout=300 install --yes --quiet --no-install-recommends "$@" </dev/null
}

opencv_loads() { # OpenCV's wheel links libraries that a machine without a desktop lacks
  local key
  key=$(key_of requirements.lock)
  is_done opencv "$key" && return
  if ! "$venv/bin/python" -c 'import cv2' 2>/dev/null; then
    step "Debian packages for OpenCV: libgl1 libglib2.0-0"
    install_debian libgl1 libglib2.0-0 || fail "OpenCV needs libgl1 and libglib2.0-0; install them, then start again."
    "$venv/bin/python" -c 'import cv2' || fail "OpenCV still does not load; the line above names what it misses."
  fi
  mark_done opencv "$key"
}

has_browser() { command -v chromium >/dev/null || command -v chromium-browser >/dev/null; }

has_chinese_font() { command -v fc-list >/dev/null && [[ -n $(fc-list :lang=zh-cn family) ]]; }

browser_for_tests() {
  local wanted=()
  has_browser || wanted+=(chromium)
  has_chinese_font || wanted+=(fontconfig fonts-noto-cjk)
  ((${#wanted[@]})) || return 0
  step "Debian packages for the browser tests: ${wanted[*]}"
  install_debian "${wanted[@]}" && return
  [[ -z ${CI:-} ]] || fail "the browser tests may not be skipped here; install ${wanted[*]}."
  note "WITHOUT THEM THE BROWSER TESTS ARE SKIPPED."
}

fault_tools() { # what kills at a chosen call and cuts the power of a file system made for it
  local wanted=()
  command -v strace >/dev/null || wanted+=(strace)
  command -v mkfs.ext4 >/dev/null || wanted+=(e2fsprogs)
  command -v tc >/dev/null || wanted+=(iproute2)
  ((${#wanted[@]})) || return 0
  step "Debian packages that make faults: ${wanted[*]}"
  install_debian "${wanted[@]}" && return
  [[ -z ${CI:-} ]] || fail "no fault may be left out here; install ${wanted[*]}."
  note "WITHOUT THEM SOME FAULTS ARE LEFT OUT."
}
