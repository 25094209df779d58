#!/usr/bin/env bash
# Brings the pinned front-end files from npm into console/static/vendor (run when a version below changes).
set -euo pipefail
cd "$(dirname "$0")/../console/static/vendor"
tabler=1.6.1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm pack --silent --pack-destination "$work" "@tabler/core@$tabler" >/dev/null
tar xzf "$work/tabler-core-$tabler.tgz" -C "$work"
sed '/sourceMappingURL/d' "$work/package/dist/css/tabler.min.css" > tabler.min.css
cat > README.md <<EOF
| file | package | version | licence |
|---|---|---|---|
| tabler.min.css | @tabler/core | $tabler | MIT, Copyright 2018-2026 The Tabler Authors, 2018-2026 codecalm.net Paweł Kuna |
EOF
