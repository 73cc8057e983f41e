//! docs/configuration.md, made from the settings' own sources: names, types and comments are read with `syn`, defaults are
//! those of a `Config` that was really built.

use paravent::config::Config;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use syn::{Attribute, Expr, Field, Fields, GenericArgument, Item, ItemEnum, ItemStruct, Lit, Meta, PathArguments, Type};

/// Where settings are declared, beside `src/config`.
const BESIDE: [&str; 13] = [
    "src/authenticate/settings.rs",
    "src/domain/alert.rs",
    "src/domain/budget.rs",
    "src/domain/doorstep.rs",
    "src/domain/attachment/policy.rs",
    "src/imap/settings.rs",
    "src/inbound/limits.rs",
    "src/oidc/settings.rs",
    "src/outbound/direct/settings.rs",
    "src/outbound/dkim.rs",
    "src/outbound/smarthost.rs",
    "src/outbound/worker.rs",
    "src/scan/settings.rs",
];

/// The least that a file must say.
pub(crate) const LEAST: &str = r#"
[identity]
host_name = "gateway.visio.example"
alias_domain = "visio.example"
guest_domain = "guest.visio.example"
public_url = "https://visio.example"
[conference]
url = "https://meet.visio.example"
app_id = "paravent"
domain = "meet.jitsi"
"#;

const HEAD: &str = "\
# Settings

Made from the doc comments of the settings (`UPDATE_DOCS=1 cargo test --test all configuration::`); do not edit it by hand.

One TOML file, `/etc/paravent/paravent.toml` unless `--config` or `PARAVENT_CONFIG` names another. `paravent init` writes one with
comments, `paravent check` looks at all of it. An unknown key is an error that names its line, never passed over.

**Environment.** A variable `PARAVENT__<SECTION>__<KEY>` overrides a setting of the file, as in
`PARAVENT__DELIVERY__SMARTHOST__HOST=mail.agence.example`: numbers, `true`, `false`, `[\"lists\"]` and `\"quoted\"` are read as
in TOML, anything else is text. The file itself must be complete: what has no default must stand in it.

**Required** means that there is no default and the program does not start without it; *none* means that the setting may be absent.
";

const KEY_FILE_HEAD: &str = "
# The key file

The file that `keys.file` names. It is for the gateway alone: mode 0600, or 0640 with a group of its own. Of several keys the first
signs and every one verifies: to rotate, put the new one in front, and keep the old until nothing made with it is in use.
";

/// The declarations, by name.
struct Sources {
    structs: BTreeMap<String, ItemStruct>,
    enums: BTreeMap<String, ItemEnum>,
}

/// The whole page.
pub(crate) fn page() -> String {
    let sources = Sources::read();
    let config: Config = toml::from_str(LEAST).unwrap();
    let defaults = evaluated(&format!("{config:#?}"));
    let mut page = HEAD.to_owned();
    for field in named(&sources.structs["Config"].fields) {
        sources.section(field, "", &defaults, &mut page);
    }
    page.push_str(KEY_FILE_HEAD);
    for field in named(&sources.structs["Secrets"].fields) {
        sources.section(field, "", &BTreeMap::new(), &mut page);
    }
    page
}

impl Sources {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<PathBuf> = BESIDE.iter().map(|file| root.join(file)).collect();
        let own = fs::read_dir(root.join("src/config")).unwrap().map(|entry| entry.unwrap().path());
        files.extend(own.filter(|path| path.extension().is_some_and(|extension| extension == "rs")));
        let mut found = Self { structs: BTreeMap::new(), enums: BTreeMap::new() };
        for file in files {
            for item in syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap().items {
                match item {
                    Item::Struct(item) if is_read(&item.attrs) => {
                        let name = item.ident.to_string();
                        assert!(found.structs.insert(name.clone(), item).is_none(), "two settings structs are named {name}");
                    }
                    Item::Enum(item) if is_read(&item.attrs) => {
                        found.enums.insert(item.ident.to_string(), item);
                    }
                    _ => {}
                }
            }
        }
        found
    }

    /// A field that is a struct, a list of structs or a tagged enum: a heading, a table, and what lies deeper.
    fn section(&self, field: &Field, above: &str, defaults: &BTreeMap<String, String>, page: &mut String) {
        let name = field.ident.as_ref().unwrap().to_string();
        let path = joined(above, &name);
        let (is_list, inner) = of_list(&field.ty);
        let kind = last_name(inner);
        let title = if is_list { format!("[[{path}]]") } else { format!("[{path}]") };
        writeln!(page, "\n## `{title}`\n\n{}", comment(&field.attrs)).unwrap();
        if let Some(choice) = self.enums.get(&kind) {
            return self.variants(choice, page);
        }
        let declared = &self.structs[&kind];
        let (deeper, plain): (Vec<&Field>, Vec<&Field>) = named(&declared.fields).partition(|inner| self.is_section(&inner.ty));
        let optional = has_default(&declared.attrs);
        let rows = plain.iter().map(|inner| {
            let key = inner.ident.as_ref().unwrap().to_string();
            let default = match defaults.get(&joined(&path, &key)) {
                Some(value) if optional || has_default(&inner.attrs) => value.clone(),
                // Of a list there is no one that was built: the comment says what stands for it.
                None if is_list && (optional || has_default(&inner.attrs)) => "*as said*".to_owned(),
                _ => "**required**".to_owned(),
            };
            (key, self.kind(&inner.ty), default, comment(&inner.attrs))
        });
        table(rows, page);
        for inner in deeper {
            self.section(inner, &path, defaults, page);
        }
    }

    /// An enum whose tag is a key.
    fn variants(&self, choice: &ItemEnum, page: &mut String) {
        let tag = serde_value(&choice.attrs, "tag").expect("an enum among the settings has a tag");
        for variant in &choice.variants {
            let word = serde_value(&variant.attrs, "rename").unwrap_or_else(|| variant.ident.to_string());
            writeln!(page, "\nWith `{tag} = \"{word}\"`: {}", comment(&variant.attrs)).unwrap();
            let rows = named(&variant.fields).map(|field| {
                let key = field.ident.as_ref().unwrap().to_string();
                (key, self.kind(&field.ty), "**required**".to_owned(), comment(&field.attrs))
            });
            table(rows, page);
        }
    }

    fn is_section(&self, kind: &Type) -> bool {
        self.structs.contains_key(&last_name(of_list(kind).1))
    }

    /// A type in words. A new one must be named here, which is the point of the panic.
    fn kind(&self, kind: &Type) -> String {
        if let Some(inner) = argument_of(kind, "Option") {
            return self.kind(inner);
        }
        if let Some(inner) = argument_of(kind, "Vec") {
            return format!("list: {}", self.kind(inner));
        }
        let name = last_name(kind);
        if let Some(choice) = self.enums.get(&name) {
            if serde_value(&choice.attrs, "tag").is_some() {
                return "table, as above".to_owned();
            }
            let words: Vec<String> = choice.variants.iter().map(|one| format!("`\"{}\"`", kebab(&one.ident.to_string()))).collect();
            return words.join(", ");
        }
        match name.as_str() {
            "String" => "text",
            "SecretString" => "secret text",
            "char" => "letter",
            "bool" => "`true`, `false`",
            "u16" | "u32" | "u64" | "usize" => "number",
            "NonZeroU32" => "number above 0",
            "PathBuf" => "path",
            "SocketAddr" => "address:port",
            "IpAddr" => "IP address",
            "IpNet" => "network",
            "Mailbox" => "mail address",
            "Language" => "language",
            unknown => panic!("no word for the type {unknown} of a setting"),
        }
        .to_owned()
    }
}

fn table(rows: impl Iterator<Item = (String, String, String, String)>, page: &mut String) {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    page.push_str("\n| key | kind | default | meaning |\n|---|---|---|---|\n");
    for (key, kind, default, meaning) in rows {
        writeln!(page, "| `{key}` | {kind} | {default} | {} |", meaning.replace('|', "\\|")).unwrap();
    }
}

/// Values by key path, from a pretty `Debug` text: `{` opens a section, `(` and `[` a value of several lines.
fn evaluated(debug: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    let mut lines = debug.lines().skip(1);
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line.starts_with('}') {
            path.pop();
            continue;
        }
        let (key, value) = line.split_once(": ").unwrap_or_else(|| panic!("not a field: {line}"));
        if value.ends_with('{') {
            path.push(key.to_owned());
            continue;
        }
        let value = value.trim_end_matches(',').to_owned();
        if value.ends_with(['(', '[']) {
            let values = lines.by_ref().map(str::trim).take_while(|line| !line.starts_with([')', ']']));
            let values: Vec<String> = values.map(|value| written(value.trim_end_matches(','))).collect();
            found.insert(joined(&path.join("."), key), values.join(", "));
            continue;
        }
        found.insert(joined(&path.join("."), key), written(&value));
    }
    found
}

/// A value of `Debug` as TOML has it.
fn written(value: &str) -> String {
    match value {
        "None" | "[]" => "*none*".to_owned(),
        word if word.starts_with(|first: char| first.is_ascii_uppercase()) => format!("`\"{}\"`", kebab(word)),
        number if number.chars().all(|digit| digit.is_ascii_digit()) => format!("`{number}`"),
        truth @ ("true" | "false") => format!("`{truth}`"),
        text if text.starts_with('"') => format!("`{text}`"),
        bare => format!("`\"{bare}\"`"),
    }
}

fn named(fields: &Fields) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| field.ident.is_some())
}

/// `UntilModerator` as settings have it: `until-moderator`.
fn kebab(name: &str) -> String {
    let mut word = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 && name[..at].ends_with(|before: char| before.is_ascii_lowercase()) {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

fn joined(above: &str, key: &str) -> String {
    if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") }
}

fn of_list(kind: &Type) -> (bool, &Type) {
    let kind = argument_of(kind, "Option").unwrap_or(kind);
    argument_of(kind, "Vec").map_or((false, kind), |inner| (true, inner))
}

fn argument_of<'a>(kind: &'a Type, outer: &str) -> Option<&'a Type> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == outer)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| if let GenericArgument::Type(inner) = argument { Some(inner) } else { None })
}

fn last_name(kind: &Type) -> String {
    let Type::Path(path) = kind else { panic!("a setting is no named type") };
    path.path.segments.last().unwrap().ident.to_string()
}

fn is_read(attributes: &[Attribute]) -> bool {
    tokens(attributes, "derive").any(|derived| derived.contains("Deserialize"))
}

fn has_default(attributes: &[Attribute]) -> bool {
    tokens(attributes, "serde").any(|words| words.split(',').any(|word| word.trim().split([' ', '=']).next() == Some("default")))
}

fn serde_value(attributes: &[Attribute], key: &str) -> Option<String> {
    tokens(attributes, "serde").find_map(|words| {
        words.split(',').find_map(|word| {
            let (name, value) = word.split_once('=')?;
            (name.trim() == key).then(|| value.trim().trim_matches('"').to_owned())
        })
    })
}

fn tokens<'a>(attributes: &'a [Attribute], name: &'a str) -> impl Iterator<Item = String> + 'a {
    attributes.iter().filter(move |one| one.path().is_ident(name)).filter_map(|one| match &one.meta {
        Meta::List(list) => Some(list.tokens.to_string()),
        Meta::Path(_) | Meta::NameValue(_) => None,
    })
}

/// The doc comment as one paragraph.
fn comment(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter_map(|one| match &one.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(literal) => match &literal.lit {
                    Lit::Str(text) => Some(text.value().trim().to_owned()),
                    _ => None,
                },
                _ => None,
            },
            Meta::Path(_) | Meta::List(_) | Meta::NameValue(_) => None,
        })
        .collect();
    assert!(!lines.is_empty(), "a setting without a comment");
    lines.join(" ")
}
