#!/usr/bin/env bash
# Enters: nothing. Leaves: the checkout without what make made in it, the demonstration's ledgers included.
# Never: removes anything else; the download caches of uv and npm in the home folder stay.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly rooms=(camera kiosk sync rules scoring deploy tests)
made=()
for path in .venv var node_modules kiosk/static/vendor scoring/static/vendor \
  .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache; do
  if [[ -e $path || -L $path ]]; then made+=("$path"); fi
done
for room in "${rooms[@]}"; do
  [[ -d $room ]] || continue
  while IFS= read -r -d '' path; do made+=("$path"); done < <(find "$room" -name __pycache__ -type d -prune -print0)
done

if ((${#made[@]} == 0)); then
  echo "clean: there is nothing that make made."
  exit
fi
printf 'clean: removing %s\n' "${made[@]}"
rm -rf -- "${made[@]}"
