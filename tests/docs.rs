//! The documents keep pace with the tree: every path and every link that they name exists.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders whose paths are recognized in text.
const FOLDERS: [&str; 10] =
    ["src/", "tests/", "docs/", "templates/", "pages/", "fixtures/", "migrations/", "deploy/", "scripts/", "benches/"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let folders = ["", "docs", "docs/decisions", "deploy", "deploy/postfix", "fixtures/configurations", "fixtures/dialogues"];
    let mut found = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    assert!(found.len() > 15, "the documents were not found");
    found
}

/// Paths in back quotes, from the root of the project. Placeholders (`NN`, `<…>`, `*`, `…`) name no file.
fn paths(text: &str) -> Vec<&str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let bare = quoted.filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)));
    bare.filter(|word| !word.contains(['<', '*', '{', ' ', '…', '\n']) && !word.contains("NN")).collect()
}

/// Targets of `[text](target)` and `src="target"` that are no web address and no place in the same page.
fn links(text: &str) -> Vec<&str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let pictures = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let all = inline.chain(pictures).filter(|target| !target.contains("://") && !target.starts_with('#'));
    all.map(|target| target.split('#').next().unwrap_or_default()).collect()
}

fn missing(document: &Path, text: &str) -> Vec<String> {
    let here = document.parent().unwrap();
    let name = document.strip_prefix(root()).unwrap_or(document).display();
    let paths = paths(text).into_iter().filter(|path| !root().join(path).exists());
    let links = links(text).into_iter().filter(|link| !here.join(link).exists());
    paths.chain(links).map(|lost| format!("{name}: {lost}")).collect()
}

#[test]
fn everything_that_the_documents_name_exists() {
    let lost: Vec<String> = documents().iter().flat_map(|file| missing(file, &fs::read_to_string(file).unwrap())).collect();
    assert!(lost.is_empty(), "named, and not there:\n{}", lost.join("\n"));
}

#[test]
fn what_is_not_there_is_seen() {
    let document = root().join("docs/x.md");
    for text in ["`src/nowhere.rs`", "see [x](nowhere.md)", "<img src=\"nowhere.svg\">", "a `b` and `tests/nowhere.rs`"] {
        assert_eq!(missing(&document, text).len(), 1, "{text}");
    }
    for text in ["`src/lib.rs`", "[x](store.md#y)", "[x](https://example.org/x)", "`fixtures/replies/NN-slug`", "`templates/<language>/x`"]
    {
        assert_eq!(missing(&document, text), Vec::<String>::new(), "{text}");
    }
}

/// The index of docs names every document beside it.
#[test]
fn the_index_is_complete() {
    for (folder, index) in [("docs", "docs/README.md"), ("docs/decisions", "docs/decisions/README.md")] {
        let index = fs::read_to_string(root().join(index)).unwrap();
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            let listed = name == "README.md" || !name.ends_with(".md") || index.contains(&format!("({name})"));
            assert!(listed, "{folder}/{name} is not in the index");
        }
    }
}
