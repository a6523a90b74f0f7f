#!/bin/sh
# Prepares a Debian machine for Menshen: system packages where they are missing, then .venv from the locked requirements.
# Called by make; running it again changes nothing that is already there. With a second word, what else is needed:
# `browser` for the tests of the screens, `bench` for the measurements.
set -eu
python="${1:-python3}"

say() { printf 'menshen: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

missing=""
[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || missing="$missing rabbitmq-server"
ldconfig -p 2>/dev/null | grep -q 'libcurl\.so\.4 ' || [ -e /usr/lib/x86_64-linux-gnu/libcurl.so.4 ] || missing="$missing libcurl4"
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
if [ "${2:-}" = browser ]; then
    command -v chromium >/dev/null || missing="$missing chromium"
    [ -e /usr/share/fonts/truetype/wqy/wqy-zenhei.ttc ] || missing="$missing fonts-wqy-zenhei"
fi
if [ "${2:-}" = bench ]; then
    command -v wrk >/dev/null || missing="$missing wrk"
fi

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ]; then as_root=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then as_root="sudo"
    elif command -v sudo >/dev/null 2>&1 && [ -t 0 ]; then as_root="sudo"
    else fail "these packages are missing and neither root nor sudo is at hand:$missing. Ask an administrator: apt-get install -y --no-install-recommends$missing"
    fi
    say "installing$missing"
    $as_root apt-get update -qq || fail "apt-get update failed; is the package mirror reachable?"
    # shellcheck disable=SC2086  # a list of package names
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        -o DPkg::Lock::Timeout=600 $missing >/dev/null || fail "apt-get could not install$missing"
fi

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed; $python is older"
free_mb=$(df -Pm . | awk 'NR==2 {print $4}')
[ "$free_mb" -ge 1500 ] || fail "the disk has $free_mb MB left here; setting up needs 1500 MB"

[ -x .venv/bin/python ] || { say "making .venv"; "$python" -m venv .venv; }
.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r deploy/uv.txt
say "installing the locked Python packages"
.venv/bin/uv pip install -q --require-hashes --python .venv/bin/python -r requirements-dev.txt -r deploy/node.txt
.venv/bin/uv pip install -q --no-deps --no-build-isolation --python .venv/bin/python -e .
touch .venv/.ok
