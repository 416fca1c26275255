#!/usr/bin/env bash
# debian-redis.sh SUITE FOLDER: the redis-server of a Debian release, to run on this machine whatever its own
# release is: FOLDER/redis-server starts it with that release's own C library. FOLDER appears when it is whole.
set -euo pipefail
suite=$1 target=$(realpath -m "$2")
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/$')
mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/apt/{lists,cache} "$work/root"
: > "$work/apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$work/apt/sources.list"
# Lists, cache and status of its own: nothing of this machine's packages is read or changed.
debian() {
  apt-get -q -o APT::Sandbox::User= -o Debug::NoLocking=1 -o Dir::Cache="$work/apt/cache" \
    -o Dir::State="$work/apt" -o Dir::State::lists="$work/apt/lists" -o Dir::State::status="$work/apt/status" \
    -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=- "$@"
}
debian update
# Debian's redis-tools has the server under another name; it decides by the name it is called.
debian -y --download-only --no-install-recommends install redis-tools
for package in "$work"/apt/cache/archives/*.deb; do
  dpkg -x "$package" "$work/root"
done
rm -rf "$work/apt"
cat > "$work/redis-server" << 'END'
#!/usr/bin/env bash
shopt -s nullglob
root=$(dirname "$(readlink -f "$0")")/root
# Debian 13 has everything below /usr, Debian 12 not yet.
loader=("$root"/lib64/ld-linux-*.so.* "$root"/usr/lib64/ld-linux-*.so.* "$root"/{,usr/}lib/*-linux-gnu/ld-linux-*.so.*)
libraries=("$root"/lib/*-linux-gnu "$root"/usr/lib/*-linux-gnu)
exec -a redis-server "${loader[-1]}" --argv0 redis-server --library-path "$(IFS=:; echo "${libraries[*]}")" \
  "$root/usr/bin/redis-check-rdb" "$@"
END
chmod 755 "$work" "$work/redis-server"
# Another run may have been faster.
mv -T "$work" "$target" 2> /dev/null || [ -x "$target/redis-server" ]
