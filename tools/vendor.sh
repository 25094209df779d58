#!/usr/bin/env bash
# Brings the pinned front-end files from npm into console/static/vendor, and what only tests use into tests/vendor
# (run when a version below changes).
set -euo pipefail
cd "$(dirname "$0")/../console/static/vendor"
tests=../../../tests/vendor
tabler=1.6.1
wavesurfer=8.0.1
echarts=6.1.0
axe=4.14.1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fetch() {  # package version: unpacks into $work/package
  rm -rf "$work/package"
  tar xzf "$work/$(npm pack --silent --pack-destination "$work" "$1@$2" | tail -1)" -C "$work"
}

fetch @tabler/core "$tabler"
sed '/sourceMappingURL/d' "$work/package/dist/css/tabler.min.css" > tabler.min.css
fetch wavesurfer.js "$wavesurfer"
cp "$work/package/LICENSE" wavesurfer-LICENSE.md
cp "$work/package/dist/wavesurfer.esm.js" wavesurfer.esm.js
# Its styles stand in its script, where a strict policy keeps them out.
sed -n '/<style/,/<\/style>/p' "$work/package/dist/renderer.js" | sed '1d;$d;/min-height/d' > wavesurfer.css
for plugin in regions timeline; do
  cp "$work/package/dist/plugins/$plugin.esm.js" "wavesurfer-$plugin.esm.js"
done
fetch echarts "$echarts"
cp "$work/package/LICENSE" echarts-LICENSE.txt
cp "$work/package/NOTICE" echarts-NOTICE.txt
cp "$work/package/licenses/LICENSE-d3" echarts-LICENSE-d3.txt
cp "$work/package/dist/echarts.simple.min.js" echarts.simple.min.js
fetch axe-core "$axe"
mkdir -p "$tests"
cp "$work/package/axe.min.js" "$tests/axe.min.js"
cp "$work/package/LICENSE" "$tests/axe-LICENSE.txt"
cp "$work/package/LICENSE-3RD-PARTY.txt" "$tests/axe-LICENSE-3RD-PARTY.txt"
cat > README.md <<END
| file | package | version | licence |
|---|---|---|---|
| tabler.min.css | @tabler/core | $tabler | MIT, Copyright 2018-2026 The Tabler Authors, 2018-2026 codecalm.net Paweł Kuna |
| wavesurfer*.esm.js, wavesurfer.css | wavesurfer.js | $wavesurfer | BSD-3-Clause, Copyright 2012-2023 katspaugh and contributors (wavesurfer-LICENSE.md) |
| echarts.simple.min.js | echarts | $echarts | Apache-2.0, Copyright 2017-2026 The Apache Software Foundation; parts of d3 BSD-3-Clause (echarts-*.txt) |
END
cat > "$tests/README.md" <<END
| file | package | version | licence |
|---|---|---|---|
| axe.min.js | axe-core | $axe | MPL-2.0, Copyright 2015-2026 Deque Systems, Inc. (axe-LICENSE*.txt); used by tests only, never served |
END
