//! Changes of `organizers.csv` by command: checked first, then put in place at once, so that a reader sees the old file or the
//! new one.

use super::csv_rows::{DirectoryError, ORGANIZERS_HEAD, byte, read, row_start};
use crate::domain::address::Mailbox;
use std::fs;
use std::io::Write;
use std::path::Path;
use uuid::Uuid;

/// A new row of `organizers.csv`.
#[derive(Clone, Debug)]
pub struct NewOrganizer {
    /// Where their own mail goes.
    pub mailbox: Mailbox,
    /// Further addresses they send from.
    pub aliases: Vec<Mailbox>,
    /// Their name.
    pub name: String,
    /// Submission login, if they sign in.
    pub login: String,
    /// Hash of its password.
    pub password_hash: String,
    /// Language of mail to them.
    pub language: String,
    /// A group of `groups.csv`.
    pub group: String,
}

/// Adds an organizer. Refused when the result would not be readable: an address twice, an unknown group.
pub fn add(folder: &Path, new: &NewOrganizer) -> Result<(), DirectoryError> {
    let file = folder.join("organizers.csv");
    let mut text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => format!("{ORGANIZERS_HEAD}\n"),
        Err(error) => return Err(DirectoryError::new(&file, 0, format!("cannot be read: {error}"))),
    };
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let aliases: Vec<String> = new.aliases.iter().map(ToString::to_string).collect();
    let (id, mail, aliases) = (Uuid::now_v7().to_string(), new.mailbox.to_string(), aliases.join("|"));
    let row = [&id, &mail, &aliases, &new.name, &new.login, &new.password_hash, &new.language, &new.group, "", "true"];
    text.push_str(&line(&row).map_err(|error| DirectoryError::new(&file, 0, error.to_string()))?);
    replace(folder, &text)
}

/// Takes from an organizer the right to invite. Their meetings stay readable. `false` when there is no such organizer.
pub fn deactivate(folder: &Path, mailbox: &Mailbox) -> Result<bool, DirectoryError> {
    let file = folder.join("organizers.csv");
    let text = fs::read_to_string(&file).map_err(|error| DirectoryError::new(&file, 0, format!("cannot be read: {error}")))?;
    let broken = |error: csv::Error| DirectoryError::new(&file, 0, error.to_string());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
    let (mut found, mut out) = (false, String::with_capacity(text.len()));
    let (mut written, mut columns, mut record) = (0, None, csv::StringRecord::new());
    loop {
        let start = row_start(text.as_bytes(), byte(reader.position())).0;
        if !reader.read_record(&mut record).map_err(broken)? {
            break;
        }
        let (mail, active) = *columns.get_or_insert_with(|| {
            let column = |name: &str| record.iter().position(|cell| cell.trim() == name);
            (column("mail"), column("active"))
        });
        let cell = |index: Option<usize>| index.and_then(|index| record.get(index)).unwrap_or_default().trim();
        if !Mailbox::parse(cell(mail)).is_ok_and(|known| known.same_as(mailbox)) {
            continue;
        }
        found = true;
        let changed: Vec<&str> =
            record.iter().enumerate().map(|(index, cell)| if Some(index) == active { "false" } else { cell }).collect();
        // Everything but this row keeps its bytes: comments, quotes, and the ends of lines, its own too.
        out.push_str(text.get(written..start).unwrap_or_default());
        out.push_str(line(&changed).map_err(broken)?.trim_end());
        written = start + text.get(start..byte(reader.position())).unwrap_or_default().trim_end().len();
    }
    out.push_str(text.get(written..).unwrap_or_default());
    if found {
        replace(folder, &out)?;
    }
    Ok(found)
}

fn line(cells: &[&str]) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(cells)?;
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Puts the text in place, after reading it as the gateway would.
fn replace(folder: &Path, text: &str) -> Result<(), DirectoryError> {
    let file = folder.join("organizers.csv");
    let failed = |error: std::io::Error| DirectoryError::new(&file, 0, format!("cannot be written: {error}"));
    let trial = tempfile_in(folder).map_err(failed)?;
    let result = (|| {
        write(&trial.join("organizers.csv"), text).map_err(failed)?;
        fs::copy(folder.join("groups.csv"), trial.join("groups.csv")).map_err(failed)?;
        read(&trial).map_err(|error| DirectoryError { file: file.display().to_string(), ..error })?;
        if let Ok(meta) = file.metadata() {
            fs::set_permissions(trial.join("organizers.csv"), meta.permissions()).map_err(failed)?;
        }
        fs::rename(trial.join("organizers.csv"), &file).map_err(failed)
    })();
    // Of no use any more, whatever happened.
    let _ = fs::remove_dir_all(&trial);
    result
}

fn tempfile_in(folder: &Path) -> std::io::Result<std::path::PathBuf> {
    let path = folder.join(format!(".new-{}", Uuid::new_v4().simple()));
    fs::create_dir(&path)?;
    Ok(path)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
