#!/bin/sh
# Make .venv with what requirements.txt names, and, for each word given, requirements-WORD.txt: sh install.sh serve
# Does nothing where that was done already.
# PYTHON=/path/to/python3.11 chooses the interpreter.
set -u
cd "$(dirname "$0")" || exit 1
say() { printf '%s\n' "error: $*" >&2; exit 1; }

# Of each file that was installed, .venv/installed has a line with its checksum.
files=requirements.txt
for extra; do files="$files requirements-$extra.txt"; done
missing=
for file in $files; do
  [ -f "$file" ] || say "$file: there is no such file here"
  grep -qxF "$(cksum < "$file") $file" .venv/installed 2>/dev/null || missing="$missing $file"
done
[ -x .venv/bin/python ] && [ -z "$missing" ] && exit 0

fits() { "$1" -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 11))' 2>/dev/null; }
python=
for candidate in ${PYTHON:-python3.11 python3.10 python3.9 python3 python}; do
  command -v "$candidate" >/dev/null 2>&1 && fits "$candidate" && { python=$candidate; break; }
done
[ -n "$python" ] || say "Python 3.9, 3.10 or 3.11 is needed (TensorFlow 2.15 has no other); install one, or name it: PYTHON=/path/to/python3.11 make demo"

free=$(df -Pk . | awk 'NR == 2 {print $4}')
[ "${free:-0}" -gt 2500000 ] || say "the disk has $((${free:-0} / 1024)) MB free here, 2,500 MB are needed; free some"

log=$(mktemp)
case "$missing" in
" requirements.txt"*)
  echo "making .venv with $("$python" --version) and installing the packages of$missing (about 1.5 GB, a minute or two)"
  "$python" -m venv --clear .venv >"$log" 2>&1 || say "$python cannot make a virtual environment (on Debian: apt-get install python3-venv); see $log"
  ;;
*) echo "installing the packages of$missing" ;;
esac
{
  .venv/bin/python -m pip install --disable-pip-version-check --progress-bar off \
    -r requirements.txt $(printf -- '-r %s ' $missing) 2>&1
  echo "status $?"
} | tee "$log" | awk '/^Collecting/ {printf "\r%3d packages found", ++n} /^Installing/ {print "; unpacking them"} {fflush()}'
if [ "$(tail -n 1 "$log")" != "status 0" ]; then
  sed -i.bak '$d' "$log"
  grep -qi 'no space left' "$log" && say "the disk is full; free about 2,500 MB and try again"
  grep -qiE 'connection|resolve|timed out|network|No matching distribution' "$log" &&
    say "pip cannot fetch the packages: is the network up? Its last words: $(tail -n 1 "$log") (all in $log)"
  say "pip failed: $(tail -n 1 "$log") (all in $log)"
fi
for file in $missing; do
  grep -vF " $file" .venv/installed >"$log" 2>/dev/null
  echo "$(cksum < "$file") $file" | cat "$log" - >.venv/installed.new && mv .venv/installed.new .venv/installed
done
rm -f "$log"
