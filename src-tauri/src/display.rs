//! Whether there is a screen to open a window on. GTK ends the process when there is none, so the question comes first.

use std::ffi::OsStr;

/// Printed where a window cannot be opened.
pub(crate) const NO_DISPLAY: &str = "There is no display for a window here. Serve the console to a browser instead: \
    reeve-server serve --data DIR --listen 127.0.0.1:4140 --gateway 127.0.0.1:4141";

/// Whether a window can be opened: not when `REEVE_HEADLESS` is set, nor on a Unix desktop without a reachable display.
pub(crate) fn is_there() -> bool {
    if is_set("REEVE_HEADLESS") {
        return false;
    }
    platform::is_there()
}

fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != OsStr::new("0"))
}

#[cfg(target_os = "linux")]
mod platform {
    use std::os::unix::net::UnixStream;
    use std::path::{Path, PathBuf};

    pub(super) fn is_there() -> bool {
        wayland_socket().is_some_and(|socket| UnixStream::connect(socket).is_ok())
            || std::env::var("DISPLAY").is_ok_and(|display| x11_answers(&display))
    }

    fn wayland_socket() -> Option<PathBuf> {
        let name = PathBuf::from(std::env::var_os("WAYLAND_DISPLAY").filter(|name| !name.is_empty())?);
        // An absolute name stands for itself, as `join` does.
        Some(PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR")?).join(name))
    }

    /// A display of this machine answers on its socket; one of another machine is taken at its word.
    fn x11_answers(display: &str) -> bool {
        match local_x11_number(display) {
            Some(number) => {
                UnixStream::connect(Path::new("/tmp/.X11-unix").join(format!("X{number}"))).is_ok()
            }
            None => !display.is_empty(),
        }
    }

    /// The number in `:1`, `:1.0` and `unix:1`.
    pub(super) fn local_x11_number(display: &str) -> Option<u32> {
        let (host, rest) = display.rsplit_once(':')?;
        let number = rest.split('.').next()?;
        matches!(host, "" | "unix").then(|| number.parse().ok())?
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    pub(super) fn is_there() -> bool {
        true
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::platform::local_x11_number;

    #[test]
    fn knows_a_display_of_this_machine() {
        assert_eq!(local_x11_number(":0"), Some(0));
        assert_eq!(local_x11_number(":12.1"), Some(12));
        assert_eq!(local_x11_number("unix:3"), Some(3));
        assert_eq!(local_x11_number("elsewhere:0.0"), None);
        assert_eq!(local_x11_number("nonsense"), None);
    }
}
