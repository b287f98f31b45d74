#!/usr/bin/env bash
# Runs a command in a desktop session of its own: a private home, a private D-Bus, and a real gnome-keyring in a
# chosen condition. Nothing of the caller's own session or keyring is touched.
#
#   with-secret-service.sh MODE [--home DIR] -- COMMAND [ARGUMENT…]
#
#   ok         an unlocked login keyring
#   locked     a login keyring that nobody unlocks (made first, if DIR has none), and no one to ask for its password
#   empty      the service runs, without any keyring
#   plaintext  a default keyring without a password: a readable file, as on machines that log in by themselves
#   nodbus     no session bus at all
#
# With --home, keyrings stay in DIR, so that several calls are several sessions of one user.
# Needs (Debian names): gnome-keyring, dbus, libsecret-tools.
set -euo pipefail

die() { echo "with-secret-service: $*" >&2; exit 64; }

mode=${1:-}; [ $# -gt 0 ] && shift
home=
if [ "${1:-}" = --home ]; then home=${2:?}; shift 2; fi
[ "${1:-}" = -- ] || die "usage: with-secret-service.sh MODE [--home DIR] -- COMMAND"
shift
[ $# -gt 0 ] || die "no command"

# The socket paths inside must stay short, so this is always under /tmp.
scratch=$(mktemp -d /tmp/reeve-session.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
mkdir -m 700 "$scratch/run"
home=${home:-$scratch/home}
keyrings=$home/.local/share/keyrings
mkdir -p "$keyrings"
chmod 700 "$home" "$keyrings"

unset DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY GNOME_KEYRING_CONTROL SSH_AUTH_SOCK XDG_DATA_HOME XDG_CACHE_HOME
export HOME=$home XDG_RUNTIME_DIR=$scratch/run

# The first bytes on standard input become the login keyring's password; none at all would make no keyring.
export PASSWORD=session
unlock='printf %s "$PASSWORD" | gnome-keyring-daemon --unlock --components=secrets >/dev/null'
start='gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1'
# A keyring that does not keep a probe is not worth testing against.
probe='printf kept | secret-tool store --label=probe reeve probe; [ "$(secret-tool lookup reeve probe)" = kept ]'

session() { # session PREPARATION COMMAND…
  local prepare=$1; shift
  timeout 120 dbus-run-session -- bash -euo pipefail -c "$prepare; exec \"\$@\"" session "$@"
}

case $mode in
  ok) session "$unlock; $probe" "$@" ;;
  locked)
    [ -e "$keyrings/login.keyring" ] || session "$unlock; $probe" true
    session "$start" "$@" ;;
  empty) session "$start" "$@" ;;
  plaintext)
    # Probed only when new: a later session may be about a keyring that broke.
    check=true
    if [ ! -e "$keyrings/default" ]; then
      check=$probe
      printf '%s\n' '[keyring]' display-name=Open ctime=0 mtime=0 lock-on-idle=false lock-after=false >"$keyrings/Open.keyring"
      printf Open >"$keyrings/default"
    fi
    session "$start; $check" "$@" ;;
  nodbus) timeout 120 "$@" ;;
  *) die "no mode \"$mode\"" ;;
esac
