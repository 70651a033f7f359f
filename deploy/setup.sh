#!/usr/bin/env bash
# Enters: a purpose (run, test, check, bench, faults). Leaves: a checkout that can do it, as deploy/README.md lists.
# Never: compiles, fetches a Python, needs root, or writes outside this checkout (the download caches of
# uv and npm, and Debian packages where it is root, excepted). May be cut anywhere: started again, it goes on.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly purpose=${1:-}
case $purpose in
  run) level=run ;;
  test | check | bench | faults) level=dev ;;
  *) echo "usage: deploy/setup.sh run|test|check|bench|faults" >&2; exit 2 ;;
esac

source deploy/setup/common.sh
source deploy/setup/debian.sh
source deploy/setup/environment.sh
source deploy/setup/frontend.sh

one_set_up_at_a_time
usable_home
create_environment
install_uv
install_packages "$level"
opencv_loads
if [[ $purpose != check ]]; then
  prepare_encoder
  copy_front_end
  fetch_sample_pictures
fi
if [[ $purpose == test ]]; then
  browser_for_tests
fi
if [[ $purpose == test || $purpose == faults ]]; then
  fault_tools
fi
finished
