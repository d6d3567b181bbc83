#!/usr/bin/env bash
# Sets up a work tree: system packages where that is allowed, then .venv from the locked requirements.
#
#   deploy/setup.sh run|test|bench        each includes the ones before it
#
# PYTHON=python3.13           another interpreter (3.11 or newer)
# SYSTEM_PACKAGES=no          never call apt-get, name what is missing
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-test}
venv=.venv
python=${PYTHON:-python3}
list=deploy/system-packages.txt

say() { printf '%s\n' "$*" >&2; }
fail() { say "set-up: $*"; exit 1; }

wanted() {
    case $purpose in
        run) [ "$1" = run ] ;;
        test) [ "$1" != bench ] ;;
        bench) true ;;
        *) fail "unknown purpose '$purpose'; use run, test or bench" ;;
    esac
}

present() {
    case $1 in
        python:*) "$python" -c "import ${1#python:}" >/dev/null 2>&1 ;;
        command:*) PATH="$PATH:/usr/sbin" command -v "${1#command:}" >/dev/null 2>&1 ;;
        *) compgen -G "$1" >/dev/null ;;
    esac
}

missing_packages() {
    while IFS='|' read -r package probe purpose_of _; do
        case $package in ''|'#'*) continue ;; esac
        package=${package// /} probe=${probe// /} purpose_of=${purpose_of// /}
        if wanted "$purpose_of" && ! present "$probe"; then echo "$package"; fi
    done < "$list"
}

install_system_packages() {
    local missing
    missing=$(missing_packages | xargs)
    [ -n "$missing" ] || return 0
    if [ "${SYSTEM_PACKAGES:-yes}" != no ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "set-up: installing $missing"
        # shellcheck disable=SC2086  # a list of words on purpose
        { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing; } \
            >&2 </dev/null || true
        missing=$(missing_packages | xargs)
        [ -n "$missing" ] || return 0
    fi
    say "set-up: not on this machine: $missing"
    say "        install them with: sudo apt-get install $missing    (why: $list)"
}

make_environment() {
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
        || fail "needs Python 3.11 or newer as '$python'; name another one with PYTHON=…"
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return 0
    present python:ensurepip || fail "Python cannot make virtual environments here; install python3-venv"
    say "set-up: making $venv"
    "$python" -m venv --clear "$venv"
}

install_requirements() {
    local lock=requirements-dev.lock
    [ "$purpose" = bench ] && lock=requirements-bench.lock
    say "set-up: installing $lock (a few minutes the first time)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
}

install_system_packages
make_environment
install_requirements
say "set-up: ready"
