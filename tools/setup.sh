#!/usr/bin/env bash
# Sets up everything that the make targets need: Debian packages, the virtual environment, pinned packages.
# Usage: tools/setup.sh run|test      (idempotent; quick when nothing has changed)
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-run}
venv=.venv

packages=(espeak-ng)
[ "$what" = test ] && packages+=(chromium fonts-noto-cjk alsa-utils sip-tester baresip-core kamailio kamailio-tls-modules
  rtpengine-daemon dnsmasq-base openssl postgresql)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
done

python=
for candidate in python3.11 python3.12 python3.13 python3.14 python3; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$candidate; break; fi
done
if [ -z "$python" ]; then missing+=(python3 python3-venv)
elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then missing+=(python3-venv); fi

if [ ${#missing[@]} -gt 0 ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  echo "Installing Debian packages: ${missing[*]}"
  if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
         apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
    echo "Debian packages are missing and cannot be installed from here. Run this, then try again:" >&2
    echo "  sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
  [ -n "$python" ] || python=python3
fi

lock=requirements.lock
stamp=$venv/.installed
wanted=$(cat "$lock" pyproject.toml tools/setup.sh | sha256sum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
  echo "Setting up $venv with pinned packages (a few minutes the first time)"
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
  "$venv/bin/pip" install -q --disable-pip-version-check -r "$lock"
  "$venv/bin/pip" install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
  echo "$wanted" > "$stamp"
fi
