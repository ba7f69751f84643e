#!/usr/bin/env bash
# Makes what is handed out, below target/package: the static binary, man pages, completions, the Debian package; and
# holds each to what it should be. Installs what it needs for that, says so, and changes nothing else.
#
#   tests/packaging.sh                    everything (a release build for musl: many minutes on two cores)
#   tests/packaging.sh --profile release  another profile than dist: a tenth larger, quicker to build
#   tests/packaging.sh --policy           only licences, sources and bans of the dependencies
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET="$(uname -m)-unknown-linux-musl"
PROFILE=dist
POLICY_ONLY=
while [ $# -gt 0 ]; do
  case $1 in
    --profile) PROFILE=$2; shift 2 ;;
    --policy) POLICY_ONLY=yes; shift ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done
# As large as it may become, in bytes.
MOST=$((40 * 1024 * 1024))
OUT=$PWD/target/package
VERSION=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
# The same commit gives the same files.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH

say() { printf '%s\n' "tests/packaging.sh: $*"; }
fail() { say "FAILED: $*" >&2; exit 1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# ---- licences, sources, bans
deny=$(command -v cargo-deny || true)
[ -n "$deny" ] || deny=target/tools/bin/cargo-deny
if [ ! -x "$deny" ]; then
  say "installing cargo-deny below target/tools"
  cargo install --quiet --locked --debug --root target/tools --target-dir target/tools/build cargo-deny
fi
say "policy: $("$deny" --version)"
"$deny" --locked check licenses bans sources
bash tests/dependencies.sh
[ -z "$POLICY_ONLY" ] || exit 0

# ---- what the build needs
packages=()
command -v musl-gcc >/dev/null || packages+=(musl-tools)
command -v dpkg-deb >/dev/null || packages+=(dpkg)
command -v file >/dev/null || packages+=(file)
command -v man >/dev/null || packages+=(man-db)
if [ ${#packages[@]} -gt 0 ]; then
  say "installing Debian packages: ${packages[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi
rustup target list --installed | grep -qx "$TARGET" || { say "installing rustup target $TARGET"; rustup target add "$TARGET"; }

# ---- the binary
cargo build --locked --profile "$PROFILE" --target "$TARGET"
rm -rf "$OUT"
mkdir -p "$OUT/man" "$OUT/completions"
BINARY=$OUT/miharu
install -m 755 "target/$TARGET/$PROFILE/miharu" "$BINARY"
# Nothing of this machine's settings gets into what is generated.
quiet() { env -i HOME="$OUT" PATH=/usr/bin:/bin "$@"; }

file -b "$BINARY" | grep -Eq 'static(ally|-pie) linked' || fail "not static: $(file -b "$BINARY")"
if ldd "$BINARY" 2>&1 | grep -q '=>'; then fail "it needs libraries: $(ldd "$BINARY")"; fi
size=$(stat -c %s "$BINARY")
[ "$size" -le "$MOST" ] || fail "$size bytes, $MOST at most"
[ "$(quiet "$BINARY" --version)" = "miharu $VERSION" ] || fail "--version says $(quiet "$BINARY" --version)"

# ---- man pages and completions
quiet "$BINARY" print man --list | while read -r page _; do
  name=${page#miharu}
  # shellcheck disable=SC2086 # the program's own page has no name
  quiet "$BINARY" print man ${name#-} >"$OUT/man/$page.1"
  warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 -Z "$OUT/man/$page.1" 2>&1 >/dev/null)
  [ -z "$warnings" ] || fail "$page.1: $warnings"
done
[ -s "$OUT/man/miharu.1" ] || fail "no man pages"
for shell in bash zsh fish elvish powershell; do
  quiet "$BINARY" print completions "$shell" >"$OUT/completions/miharu.$shell"
  [ -s "$OUT/completions/miharu.$shell" ] || fail "no completions for $shell"
done
bash -n "$OUT/completions/miharu.bash"

# ---- the Debian package
ROOT=$OUT/root
DOC=$ROOT/usr/share/doc/miharu
ARCH=$(dpkg --print-architecture)
install -D -m 755 "$BINARY" "$ROOT/usr/bin/miharu"
install -d "$ROOT/usr/share/man/man1" "$DOC"
for page in "$OUT"/man/*.1; do gzip -9nc "$page" >"$ROOT/usr/share/man/man1/$(basename "$page").gz"; done
install -D -m 644 "$OUT/completions/miharu.bash" "$ROOT/usr/share/bash-completion/completions/miharu"
install -D -m 644 "$OUT/completions/miharu.zsh" "$ROOT/usr/share/zsh/vendor-completions/_miharu"
install -D -m 644 "$OUT/completions/miharu.fish" "$ROOT/usr/share/fish/vendor_completions.d/miharu.fish"
install -m 644 LICENSE-MIT LICENSE-APACHE README.md "$DOC"
gzip -9nc CHANGELOG.md >"$DOC/changelog.gz"
cat >"$DOC/copyright" <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: miharu

Files: *
Copyright: 2026 The miharu authors
License: MIT or Apache-2.0
 Either licence, as you like. Their texts are LICENSE-MIT and LICENSE-APACHE beside this file; that of Apache-2.0 is
 also in /usr/share/common-licenses/Apache-2.0.
 .
 The binary holds libraries under licences of their own, all of which allow that (deny.toml of the source).
END
install -d "$ROOT/DEBIAN"
cat >"$ROOT/DEBIAN/control" <<END
Package: miharu
Version: $VERSION
Architecture: $ARCH
Maintainer: ${DEBFULLNAME:-The miharu authors} <${DEBEMAIL:-miharu@users.noreply.invalid}>
Installed-Size: $(du -k -s --apparent-size --exclude=DEBIAN "$ROOT" | cut -f1)
Section: admin
Priority: optional
Recommends: ca-certificates
Suggests: awscli, nfs-common
Description: operations console for an EFS-backed file service on ECS
 A terminal console that shows what a file service on ECS Fargate with Amazon
 EFS, and the impression service beside it, are doing now: each number with its
 age and its source. It says what should be scaled and why, and applies a change
 when the operator approves it, or by itself inside limits that can be seen.
 .
 It brings a simulated AWS of its own to practise on: miharu demo.
END
(cd "$ROOT" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
find "$ROOT" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
chmod -R u=rwX,go=rX "$ROOT"
DEB=$OUT/miharu_${VERSION}_${ARCH}.deb
dpkg-deb --root-owner-group --build "$ROOT" "$DEB" >/dev/null

# ---- what is in it works where nothing else is
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
dpkg-deb -x "$DEB" "$SCRATCH"
(cd "$SCRATCH" && dpkg-deb --ctrl-tarfile "$DEB" | tar -xO ./md5sums | md5sum --check --quiet)
for wanted in usr/bin/miharu usr/share/man/man1/miharu.1.gz usr/share/man/man1/miharu-watch.1.gz \
  usr/share/bash-completion/completions/miharu usr/share/zsh/vendor-completions/_miharu \
  usr/share/fish/vendor_completions.d/miharu.fish usr/share/doc/miharu/copyright usr/share/doc/miharu/LICENSE-MIT \
  usr/share/doc/miharu/LICENSE-APACHE usr/share/doc/miharu/changelog.gz; do
  [ -s "$SCRATCH/$wanted" ] || fail "the package has no $wanted"
done
if [ "$(id -u)" = 0 ]; then
  # A root with the package and nothing else: no libc, no shell.
  [ "$(chroot "$SCRATCH" /usr/bin/miharu --version)" = "miharu $VERSION" ] || fail "it does not run in an empty root"
else
  "$SCRATCH/usr/bin/miharu" --version >/dev/null || fail "it does not run"
fi
mkdir -p "$SCRATCH/tmp"
told=$(quiet TMPDIR="$SCRATCH/tmp" "$SCRATCH/usr/bin/miharu" demo --watch --for 0s) || fail "the demo fails: $told"
printf '%s\n' "$told" | grep -q 'tasks running' || fail "the demo says: $told"

# ---- from source
cargo install --quiet --locked --debug --path . --root "$OUT/cargo" --target-dir target --no-track
[ "$("$OUT/cargo/bin/miharu" --version)" = "miharu $VERSION" ] || fail "cargo install gives another program"
rm -rf "$OUT/cargo"

say "static binary $size bytes, $(basename "$DEB") $(stat -c %s "$DEB") bytes, in target/package"
