#!/bin/sh
# The unit and property tests under each installed Python, and under the oldest one with the oldest libraries.
# matrix.sh PREFIX [NAME...]: each NAME (3.11 ... 3.14, oldest) gets the virtual environment PREFIX-NAME.
set -u
prefix=$1
shift
failed=""

python_of() { # python_of VERSION: on PATH, or of pyenv; a launcher of pyenv alone is no Python
    for candidate in "python$1" "$HOME/.pyenv/versions/$1".*/bin/python; do
        "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null &&
            echo "$candidate" && return
    done
}

run() { # run NAME PYTHON PIP-OPTION...
    venv="$prefix-$1"
    python=$2
    echo "== $1: $("$python" -V)"
    shift 2
    "$python" -m venv "$venv" &&
        "$venv/bin/python" -m pip install -q --disable-pip-version-check "$@" \
            --config-settings editable_mode=compat -e '.[test]' &&
        "$venv/bin/python" -m pytest -q -p no:cacheprovider -n "$(getconf _NPROCESSORS_ONLN)" --dist loadscope \
            -m "not exhaustive" tests/unit tests/property
}

for name in ${*:-3.11 3.12 3.13 3.14 oldest}; do
    if [ "$name" = oldest ]; then
        run oldest "$(python_of 3.11)" -c tests/oldest.txt || failed="$failed oldest"
    elif python=$(python_of "$name") && [ -n "$python" ]; then
        run "$name" "$python" || failed="$failed $name"
    else
        echo "== $name: not installed, so not tested"
    fi
done
[ -z "$failed" ] && exit 0
echo "failed:$failed"
exit 1
