//! `organizers.csv` and `groups.csv` to people: strict, and clear about what is wrong and where.

use crate::domain::address::Mailbox;
use crate::domain::id::OrganizerId;
use crate::domain::language::Language;
use crate::domain::organizer::{Anonymity, Group, Organizer};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use uuid::Uuid;

/// Head line of `organizers.csv`. `aliases` and `secrets` are lists parted by `|`.
pub const ORGANIZERS_HEAD: &str = "id,mail,aliases,name,login,password_hash,language,group,secrets,active";
/// Head line of `groups.csv`.
pub const GROUPS_HEAD: &str = "name,label,anonymity,language,time_zone,allow_counter";

/// Ids of rows without one are made from the address under this name, so that they stay the same.
const NAMESPACE: Uuid = Uuid::from_u128(0x7e1d_9c0e_4c0b_5b7e_9a53_6f1b_2d80_11c4);

/// What is wrong with a directory file, and where. For the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {what}")]
pub struct DirectoryError {
    /// File name.
    pub file: String,
    /// Line from 1; 0 for the file as a whole.
    pub line: u64,
    /// What is wrong, and what is allowed.
    pub what: String,
}

impl DirectoryError {
    pub(super) fn new(file: &Path, line: u64, what: impl Into<String>) -> Self {
        Self { file: file.display().to_string(), line, what: what.into() }
    }
}

/// An organizer with what only the directory needs.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub organizer: Organizer,
    pub login: Option<String>,
    /// Argon2id in PHC form.
    pub password_hash: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganizerLine {
    #[serde(default)]
    id: String,
    mail: String,
    #[serde(default)]
    aliases: String,
    name: String,
    #[serde(default)]
    login: String,
    #[serde(default)]
    password_hash: String,
    language: String,
    group: String,
    #[serde(default)]
    secrets: String,
    active: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupLine {
    name: String,
    label: String,
    anonymity: String,
    language: String,
    time_zone: String,
    allow_counter: bool,
}

/// Reads both files.
pub(super) fn read(folder: &Path) -> Result<Vec<Row>, DirectoryError> {
    let groups = groups(&folder.join("groups.csv"))?;
    organizers(&folder.join("organizers.csv"), &groups)
}

fn groups(file: &Path) -> Result<BTreeMap<String, Group>, DirectoryError> {
    let mut groups = BTreeMap::new();
    for (line, row) in lines::<GroupLine>(file)? {
        let group = Group {
            language: language(file, line, &row.language)?,
            name: row.name,
            label: row.label,
            anonymity: cell(file, line, "anonymity", &row.anonymity, anonymity(&row.anonymity))?,
            time_zone: cell(file, line, "time_zone", &row.time_zone, row.time_zone.parse())?,
            allow_counter: row.allow_counter,
        };
        let name = group.name.clone();
        if groups.insert(name.clone(), group).is_some() {
            return Err(DirectoryError::new(file, line, format!("the group `{name}` is there twice")));
        }
    }
    Ok(groups)
}

fn organizers(file: &Path, groups: &BTreeMap<String, Group>) -> Result<Vec<Row>, DirectoryError> {
    let mut taken: BTreeMap<String, u64> = BTreeMap::new();
    let mut rows = Vec::new();
    for (line, row) in lines::<OrganizerLine>(file)? {
        let row = organizer(file, line, row, groups)?;
        let addresses = std::iter::once(&row.organizer.mailbox).chain(&row.organizer.aliases).map(Mailbox::canonical);
        let names = addresses.chain(row.login.iter().map(|login| format!("login {login}"))).chain([row.organizer.id.to_string()]);
        for name in names {
            if let Some(before) = taken.insert(name.clone(), line) {
                return Err(DirectoryError::new(file, line, format!("`{name}` stands on line {before} already")));
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

fn organizer(file: &Path, line: u64, row: OrganizerLine, groups: &BTreeMap<String, Group>) -> Result<Row, DirectoryError> {
    let group = groups.get(&row.group).cloned().ok_or_else(|| {
        let known: Vec<&str> = groups.keys().map(String::as_str).collect();
        DirectoryError::new(file, line, format!("column group: there is no group `{}`; known are {}", row.group, known.join(", ")))
    })?;
    let aliases = list(&row.aliases).map(|text| cell(file, line, "aliases", text, Mailbox::parse(text))).collect::<Result<Vec<_>, _>>()?;
    let mailbox = cell(file, line, "mail", &row.mail, Mailbox::parse(&row.mail))?;
    let id = match row.id.as_str() {
        "" => Uuid::new_v5(&NAMESPACE, mailbox.canonical().as_bytes()),
        id => cell(file, line, "id", id, id.parse())?,
    };
    Ok(Row {
        organizer: Organizer {
            id: OrganizerId(id),
            mailbox,
            aliases,
            name: row.name,
            language: language(file, line, &row.language)?,
            secrets: list(&row.secrets).map(str::to_owned).collect(),
            group,
            active: row.active,
        },
        login: Some(row.login).filter(|login| !login.is_empty()),
        password_hash: Some(row.password_hash).filter(|hash| !hash.is_empty()),
    })
}

fn lines<T: serde::de::DeserializeOwned>(file: &Path) -> Result<Vec<(u64, T)>, DirectoryError> {
    let octets = std::fs::read(file).map_err(|error| DirectoryError::new(file, 0, format!("cannot be read: {error}")))?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(octets.as_slice());
    let head = reader.headers().map_err(|error| DirectoryError::new(file, 1, error.to_string()))?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|error| DirectoryError::new(file, error.position().map_or(0, csv::Position::line), error.to_string()))?;
        let line = record.position().map_or(0, |position| position.line() + row_start(&octets, byte(position)).1);
        let row = record.deserialize(Some(&head)).map_err(|error| DirectoryError::new(file, line, reason(&error, &head)))?;
        rows.push((line, row));
    }
    Ok(rows)
}

pub(super) fn byte(position: &csv::Position) -> usize {
    usize::try_from(position.byte()).unwrap_or(usize::MAX)
}

/// Where the next row begins, behind empty lines and comments, and how many lines these are: a row's position, as the
/// csv crate tells it, is before them.
pub(super) fn row_start(octets: &[u8], from: usize) -> (usize, u64) {
    let (mut start, mut skipped) = (from, 0);
    for line in octets.get(from..).unwrap_or_default().split_inclusive(|octet| *octet == b'\n') {
        if !line.starts_with(b"#") && !line.trim_ascii().is_empty() {
            break;
        }
        start += line.len();
        skipped += 1;
    }
    (start, skipped)
}

fn reason(error: &csv::Error, head: &csv::StringRecord) -> String {
    if let csv::ErrorKind::Deserialize { err, .. } = error.kind() {
        let column = err.field().and_then(|index| head.get(usize::try_from(index).ok()?));
        return match column {
            Some(column) => format!("column {column}: {}", err.kind()),
            None => err.kind().to_string(),
        };
    }
    error.to_string()
}

/// What a cell was read as, or where it stands and why it could not be.
fn cell<T>(file: &Path, line: u64, column: &str, text: &str, parsed: Result<T, impl Display>) -> Result<T, DirectoryError> {
    parsed.map_err(|error| DirectoryError::new(file, line, format!("column {column}: `{text}`: {error}")))
}

fn anonymity(text: &str) -> Result<Anonymity, serde::de::value::Error> {
    Anonymity::deserialize(text.into_deserializer())
}

fn language(file: &Path, line: u64, tag: &str) -> Result<Language, DirectoryError> {
    Language::parse(tag).ok_or_else(|| DirectoryError::new(file, line, format!("column language: `{tag}` is no language; such as en, fr")))
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split('|').map(str::trim).filter(|item| !item.is_empty())
}
