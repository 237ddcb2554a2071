#!/bin/sh
# Make .venv with what requirements.txt names. Does nothing where that was done already.
# PYTHON=/path/to/python3.11 chooses the interpreter.
set -u
cd "$(dirname "$0")" || exit 1
say() { printf '%s\n' "error: $*" >&2; exit 1; }

wanted=$(cksum < requirements.txt)
[ -x .venv/bin/python ] && [ "$(cat .venv/installed 2>/dev/null)" = "$wanted" ] && exit 0

fits() { "$1" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 11))' 2>/dev/null; }
python=
for candidate in ${PYTHON:-python3.11 python3.10 python3.9 python3 python}; do
  command -v "$candidate" >/dev/null 2>&1 && fits "$candidate" && { python=$candidate; break; }
done
[ -n "$python" ] || say "Python 3.9, 3.10 or 3.11 is needed (TensorFlow 2.15 has no other); install one, or name it: PYTHON=/path/to/python3.11 make demo"

free=$(df -Pk . | awk 'NR == 2 {print $4}')
[ "${free:-0}" -gt 2500000 ] || say "the disk has $((${free:-0} / 1024)) MB free here, 2,500 MB are needed; free some"

echo "making .venv with $("$python" --version) and installing the packages of requirements.txt (about 1.5 GB, a minute or two)"
log=$(mktemp)
"$python" -m venv --clear .venv >"$log" 2>&1 || say "$python cannot make a virtual environment (on Debian: apt-get install python3-venv); see $log"
{
  .venv/bin/python -m pip install --disable-pip-version-check --progress-bar off -r requirements.txt 2>&1
  echo "status $?"
} | tee "$log" | awk '/^Collecting/ {printf "\r%3d packages found", ++n} /^Installing/ {print "; unpacking them"} {fflush()}'
if [ "$(tail -n 1 "$log")" != "status 0" ]; then
  sed -i.bak '$d' "$log"
  grep -qi 'no space left' "$log" && say "the disk is full; free about 2,500 MB and try again"
  grep -qiE 'connection|resolve|timed out|network|No matching distribution' "$log" &&
    say "pip cannot fetch the packages: is the network up? Its last words: $(tail -n 1 "$log") (all in $log)"
  say "pip failed: $(tail -n 1 "$log") (all in $log)"
fi
rm -f "$log"
printf '%s' "$wanted" > .venv/installed
