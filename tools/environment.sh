# Read by ./whygrad and ./check:  environment KIND ROOT
# makes sure that the environment KIND (run or dev) is there and current, and sets $python to its interpreter.

find_python() {
    found=''
    without_venv=''
    probe='
import sys
if sys.version_info < (3, 11):
    print("old")
else:
    try:
        import ensurepip, venv
        print("ok")
    except ImportError:
        print("no venv")
'
    for candidate in ${WHYGRAD_PYTHON:+"$WHYGRAD_PYTHON"} python3.13 python3.12 python3.11 python3.14 python3 python; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        case $("$candidate" -c "$probe" 2>/dev/null </dev/null) in
            ok) found=$candidate; return 0 ;;
            'no venv') [ "$without_venv" ] || without_venv=$candidate ;;
        esac
    done
    if [ "$without_venv" ]; then
        version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        cat >&2 <<ADVICE
whygrad: $without_venv (Python $version) cannot make an environment: its module venv or ensurepip is missing.
  Fix, on Debian and Ubuntu:  apt install python$version-venv   (or python3-venv)
  or name another Python:     WHYGRAD_PYTHON=/path/to/python3 $0
ADVICE
    else
        cat >&2 <<ADVICE
whygrad: no Python 3.11 or newer was found on PATH.
  Fix: install one (Debian and Ubuntu: apt install python3 python3-venv; macOS: brew install python)
  or name one:  WHYGRAD_PYTHON=/path/to/python3 $0
ADVICE
    fi
    return 2
}

environment() {
    find_python || return $?
    answer=$("$found" -I "$2/tools/environment.py" "$1" </dev/null) || return $?
    python=${answer%%
*}
    # Second line: where compiled files go when the checkout cannot be written.
    case $answer in
        *'
'*) PYTHONPYCACHEPREFIX=${answer#*
}; export PYTHONPYCACHEPREFIX ;;
    esac
}
