//! Whose a file is, and what to do where this user may not use it.

use onqueue_credentials::SERVICES;
use std::{
    fs::{File, OpenOptions},
    io::{Error, ErrorKind},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

const AS_THEM: &str = "run this as the user of the service, as in `sudo -u USER onqueue …`";

/// Why this user may not look at a file, and what to do; `None` if it is not that.
pub fn out_of_reach(file: &Path, error: &Error) -> Option<[String; 2]> {
    if error.kind() != ErrorKind::PermissionDenied {
        return None;
    }
    let problem = format!("{} may not be looked at by {}", file.display(), ourselves());
    let folder = file.ancestors().skip(1).find_map(|above| Some((above, owner(above)?)));
    Some([problem, remedy(file, owner(file), folder)])
}

/// The same of SQLite's file and of those that it keeps beside it: the first of them that this user may not read and write.
pub fn unusable_by_us(file: &Path) -> Option<[String; 2]> {
    let beside = |ending: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    ["", "-wal", "-shm"].into_iter().map(beside).find_map(|part| {
        let error = OpenOptions::new().read(true).write(true).open(&part).err()?;
        out_of_reach(&part, &error)
    })
}

/// The same of the certificate and key of a service.
pub fn unreadable(folder: &Path, service: &str) -> Option<[String; 2]> {
    ["tls.crt", "tls.key", "ca.crt"].into_iter().find_map(|name| {
        let file = folder.join(service).join(name);
        let error = File::open(&file).err()?;
        out_of_reach(&file, &error)
    })
}

/// That certificates which were just made are for another user than they may be meant for, and what to do; `None` if
/// nothing speaks for that.
pub fn for_whom(folder: &Path) -> Option<String> {
    let of_service = folder.join(SERVICES[0]);
    let absolute = std::path::absolute(folder).ok()?;
    let (made_by, service) = (owner(&of_service.join("tls.key"))?, owner(&of_service)?);
    let above = absolute.parent().and_then(owner).unwrap_or(made_by);
    meant(made_by, service, above).map(|reader| {
        let name = reader.map_or_else(|| "USER".to_owned(), |id| name(id).unwrap_or_else(|| id.to_string()));
        format!(
            "they are of {} and for nobody else: if the services run as another user, as root `chown -R {name}: {}`",
            user(made_by),
            folder.display()
        )
    })
}

/// Who else may have to read what somebody made in the folder of a service: its owner; what root made may be for the owner of
/// what is above, or for somebody whom only the operator knows.
fn meant(made_by: u32, service: u32, above: u32) -> Option<Option<u32>> {
    const ROOT: u32 = 0;
    match (made_by, service, above) {
        (_, service, _) if service != made_by => Some(Some(service)),
        (ROOT, _, ROOT) => Some(None),
        (ROOT, _, above) => Some(Some(above)),
        _ => None,
    }
}

fn remedy(file: &Path, of_file: Option<u32>, folder: Option<(&Path, u32)>) -> String {
    match (of_file, folder) {
        (Some(of_file), Some((folder, of_folder))) if of_file != of_folder => format!(
            "it is of {}, its folder of {}: if that is the user of the service, give it to them, as root: `chown --reference={} {}*`; \
             otherwise {AS_THEM}",
            user(of_file),
            user(of_folder),
            folder.display(),
            file.display()
        ),
        (_, Some((_, of_folder))) => format!(
            "{AS_THEM}; the folder is of {}: if it is to be of the service's user, root gives it to them (`chown -R`)",
            user(of_folder)
        ),
        (_, None) => AS_THEM.to_owned(),
    }
}

/// As whom this process runs.
fn ourselves() -> String {
    owner(Path::new("/proc/self")).map_or_else(|| "this user".to_owned(), user)
}

fn owner(path: &Path) -> Option<u32> {
    path.metadata().ok().map(|found| found.uid())
}

fn user(id: u32) -> String {
    match name(id) {
        Some(name) => format!("{name} (user id {id})"),
        None => format!("user id {id}"),
    }
}

/// A user's name, where the machine's own list has one.
fn name(id: u32) -> Option<String> {
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(id)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_than_its_folder_is_to_be_given_to_them() {
        let (file, folder) = (Path::new("data/onqueue.db"), Path::new("data"));
        for (of_file, of_folder, expected) in [
            (Some(0), Some(65_432), "`chown --reference=data data/onqueue.db*`"),
            (
                Some(0),
                Some(65_432),
                "it is of root (user id 0), its folder of user id 65432",
            ),
            (
                Some(65_432),
                Some(65_432),
                "sudo -u USER onqueue …`; the folder is of user id 65432",
            ),
            (None, Some(0), "the folder is of root (user id 0)"),
            (None, None, AS_THEM),
        ] {
            let told = remedy(file, of_file, of_folder.map(|of_folder| (folder, of_folder)));
            assert!(told.contains(expected), "{of_file:?} in {of_folder:?}: {told}");
        }
    }

    #[test]
    fn certificates_are_for_who_has_their_folder() {
        for (made_by, service, above, expected) in [
            (1_000, 1_000, 0, None),
            (1_000, 1_000, 1_000, None),
            (0, 1_000, 0, Some(Some(1_000))),
            (0, 0, 1_000, Some(Some(1_000))),
            (0, 0, 0, Some(None)),
            (1_001, 1_000, 1_000, Some(Some(1_000))),
        ] {
            assert_eq!(meant(made_by, service, above), expected, "{made_by} {service} {above}");
        }
    }
}
