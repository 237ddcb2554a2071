#!/bin/sh
# Make .venv with what requirements.txt names, and, for each word given, requirements-WORD.txt: sh install.sh serve
# Does nothing where that was done already. Packages are fetched by uv if it is there, and by pip otherwise.
# PYTHON=/path/to/python3.11 chooses the interpreter, and with it TensorFlow: 2.15 up to Python 3.11, 2.21 from 3.12 on.
# TENSORFLOW=current takes 2.21 under Python 3.10 and 3.11 as well. VENV=.venv-current makes that folder, not .venv.
set -u
cd "$(dirname "$0")" || exit 1
venv=${VENV:-.venv}
say() { printf '%s\n' "error: $*" >&2; exit 1; }

grep -q ' requirements-current.txt$' $venv/installed 2>/dev/null && TENSORFLOW=current # it keeps its TensorFlow
base=requirements.txt
case "${TENSORFLOW:-}" in
current)
  base="requirements.txt requirements-current.txt"
  oldest=10 needed="Python 3.10 to 3.13" names="python3.13 python3.12 python3.11 python3.10 python3 python"
  ;;
# TensorFlow 2.15 first: it is half the size, and all published numbers come from it.
'') oldest=9 needed="Python 3.9 to 3.13" names="python3.11 python3.10 python3.9 python3.13 python3.12 python3 python" ;;
*) say "TENSORFLOW=$TENSORFLOW: only TENSORFLOW=current is known, which takes TensorFlow 2.21" ;;
esac
fits() { "$1" -c "import sys; sys.exit(not (3, $oldest) <= sys.version_info[:2] <= (3, 13))" 2>/dev/null; }
is_new() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))'; }

# Of each file that was installed, $venv/installed has a line with its checksum.
[ -x $venv/bin/python ] && fits $venv/bin/python && installed=$venv/installed || installed=/dev/null
files=$base
for extra; do files="$files requirements-$extra.txt"; done
missing=
for file in $files; do
  [ -f "$file" ] || say "$file: there is no such file here"
  grep -qxF "$(cksum < "$file") $file" "$installed" 2>/dev/null || missing="$missing $file"
done
case "$missing" in
'') exit 0 ;;
*" requirements.txt"* | *" requirements-current.txt"*) missing=" $files" python= candidates=${PYTHON:-$names} ;;
*) python=$venv/bin/python candidates= ;;
esac

found=
for candidate in $candidates; do
  command -v "$candidate" >/dev/null 2>&1 || continue
  fits "$candidate" && { python=$candidate; break; }
  version=$("$candidate" --version 2>/dev/null) && found="$found; $candidate is $version"
done
[ -n "$python" ] || say "$needed is needed (TensorFlow and its Keras 2 have no other${found}); install one, or name it: PYTHON=/path/to/python3.13 make demo"

is_new "$python" || [ "${TENSORFLOW:-}" = current ] && tensorflow=2.21 megabytes=3700 || tensorflow=2.15 megabytes=2500
free=$(df -Pk . | awk 'NR == 2 {print $4}')
[ "${free:-0}" -gt "${megabytes}000" ] || say "the disk has $((${free:-0} / 1024)) MB free here, $megabytes MB are needed; free some"

log=$(mktemp)
case "$missing" in
" requirements.txt"*)
  pair="TensorFlow 2.15 and tensorflow-addons, the smaller pair; TENSORFLOW=current takes the newer one"
  [ $tensorflow = 2.21 ] && pair="TensorFlow 2.21 and tf_keras, since no Python 3.9 to 3.11 was found"
  [ $tensorflow = 2.21 ] && [ -n "${PYTHON:-}${TENSORFLOW:-}" ] && pair="TensorFlow 2.21 and tf_keras, since you asked for it"
  echo "making $venv with $("$python" --version): $pair"
  echo "installing the packages of$missing (about $((megabytes - 1000)) MB, a minute or two)"
  "$python" -m venv --clear $venv >"$log" 2>&1 || say "$python cannot make a virtual environment (on Debian: apt-get install python3-venv); see $log"
  ;;
*) echo "installing the packages of$missing" ;;
esac

# Under Python 3.10 and 3.11, requirements-current.txt replaces every line of the other files that a range of Pythons has.
pins=.
if [ $tensorflow = 2.21 ] && ! is_new "$python"; then
  pins=$venv/requirements
  mkdir -p $pins
  for file in requirements*.txt; do grep -v '; python_version' $file >$pins/$file; done
  cp requirements-current.txt $pins
fi
arguments=$(printf -- "-r $pins/%s " $base $missing)
by_uv() {
  command -v uv >/dev/null 2>&1 || return 1
  uv pip install --python "$venv/bin/python" --no-progress $arguments >"$log" 2>&1 && grep -E '^(Resolved|Installed)' "$log" && return
  echo "uv failed ($(tail -n 1 "$log")); trying pip"
  return 1
}
by_uv || {
  {
    $venv/bin/python -m pip install --disable-pip-version-check --progress-bar off $arguments 2>&1
    echo "status $?"
  } | tee "$log" | awk '/^Collecting/ {printf "\r%3d packages found", ++n} /^Installing/ {print "; unpacking them"} {fflush()}'
  if [ "$(tail -n 1 "$log")" != "status 0" ]; then
    sed -i.bak '$d' "$log"
    grep -qi 'no space left' "$log" && say "the disk is full; free about $megabytes MB and try again"
    grep -qiE 'connection|resolve|timed out|network|No matching distribution' "$log" &&
      say "pip cannot fetch the packages: is the network up? Its last words: $(tail -n 1 "$log") (all in $log)"
    say "pip failed: $(tail -n 1 "$log") (all in $log)"
  fi
}
for file in $missing; do
  grep -vF " $file" $venv/installed >"$log" 2>/dev/null
  echo "$(cksum < "$file") $file" | cat "$log" - >$venv/installed.new && mv $venv/installed.new $venv/installed
done
rm -f "$log"
