//! Dictionaries of a PDF: whatever names an author, acts, or stands for a file is taken out, wherever it stands.

use super::Dropped;
use lopdf::{Dictionary, Document, Object};

/// Keys that go from every dictionary: metadata (§14.3), private data (§14.5), files (§7.11), scripts and actions at events (§12.6).
const NOWHERE: [&[u8]; 31] = [
    b"Metadata",
    b"PieceInfo",
    b"LastModified",
    b"AF",
    b"AA",
    b"OpenAction",
    b"JS",
    b"JavaScript",
    b"EmbeddedFiles",
    b"EF",
    b"RF",
    b"UF",
    b"FS",
    b"Thumb",
    b"XFA",
    b"SpiderInfo",
    b"Collection",
    b"Perms",
    b"Legal",
    b"DSS",
    b"CreatorInfo",
    b"Author",
    b"Creator",
    b"Producer",
    b"Keywords",
    b"Company",
    b"CreationDate",
    b"ModDate",
    b"SourceModified",
    b"Trapped",
    b"OPI",
];
/// Actions that only move the reader (§12.6.4); the others start something, or name files of the author's.
const ACTIONS: [&[u8]; 14] = [
    b"Launch",
    b"GoToR",
    b"GoToE",
    b"JavaScript",
    b"SubmitForm",
    b"ImportData",
    b"ResetForm",
    b"Rendition",
    b"Movie",
    b"Sound",
    b"GoTo3DView",
    b"RichMediaExecute",
    b"Hide",
    b"Thread",
];
/// A page (§7.7.3.3).
const PAGE: [&[u8]; 16] = [
    b"Type",
    b"Parent",
    b"Resources",
    b"MediaBox",
    b"CropBox",
    b"BleedBox",
    b"TrimBox",
    b"ArtBox",
    b"Rotate",
    b"Contents",
    b"Annots",
    b"Group",
    b"StructParents",
    b"Tabs",
    b"UserUnit",
    b"Trans",
];
/// Annotations that show something and do nothing (§12.5.6); fields of forms are left as they look.
const SHOWN: [&[u8]; 16] = [
    b"Link",
    b"Text",
    b"FreeText",
    b"Line",
    b"Square",
    b"Circle",
    b"Polygon",
    b"PolyLine",
    b"Highlight",
    b"Underline",
    b"Squiggly",
    b"StrikeOut",
    b"Stamp",
    b"Caret",
    b"Ink",
    b"Widget",
];
/// What such an annotation needs; not its author (T), its name, dates and answers.
const ANNOTATION: [&[u8]; 26] = [
    b"Type",
    b"Subtype",
    b"Rect",
    b"F",
    b"AP",
    b"AS",
    b"Border",
    b"BS",
    b"BE",
    b"C",
    b"IC",
    b"CA",
    b"A",
    b"Dest",
    b"H",
    b"QuadPoints",
    b"Contents",
    b"DA",
    b"Q",
    b"Vertices",
    b"L",
    b"LE",
    b"InkList",
    b"RD",
    b"StructParent",
    b"OC",
];

/// Keeps the keys of a list alone.
pub(super) fn keep(dictionary: &mut Dictionary, keys: &[&[u8]]) {
    let others: Vec<Vec<u8>> = dictionary.iter().map(|(key, _)| key.clone()).filter(|key| !keys.contains(&key.as_slice())).collect();
    for key in others {
        dictionary.remove(&key);
    }
}

/// Cleans every object; gives those of which nothing is left.
pub(super) fn clean(document: &mut Document) -> Dropped {
    let mut dropped = Dropped::new();
    for (id, object) in &mut document.objects {
        if let Object::Stream(stream) = &mut *object
            && (stream.dict.has_type(b"EmbeddedFile") || stream.dict.has_type(b"Metadata") || is(&stream.dict, b"Subtype", b"XML"))
        {
            *object = Object::Null;
        }
        if visit(object) || matches!(object, Object::Null) {
            dropped.insert(*id);
        }
    }
    dropped
}

/// Cleans an object and what is in it; lopdf has bounded how deep that is. True where it is to be dropped.
fn visit(object: &mut Object) -> bool {
    match object {
        Object::Dictionary(dictionary) => dictionary_in(dictionary),
        Object::Stream(stream) => {
            // Content in a file elsewhere (§7.3.8.2).
            for key in [&b"F"[..], b"FFilter", b"FDecodeParms"] {
                stream.dict.remove(key);
            }
            let _ = dictionary_in(&mut stream.dict);
            false
        }
        Object::Array(items) => {
            for item in items.iter_mut() {
                if visit(item) {
                    *item = Object::Null;
                }
            }
            false
        }
        Object::Null | Object::Boolean(_) | Object::Integer(_) | Object::Real(_) | Object::Name(_) => false,
        Object::String(..) | Object::Reference(_) => false,
    }
}

fn dictionary_in(dictionary: &mut Dictionary) -> bool {
    for key in NOWHERE {
        dictionary.remove(key);
    }
    if is_annotation(dictionary) {
        let is_shown = SHOWN.iter().any(|subtype| is(dictionary, b"Subtype", subtype));
        keep(dictionary, if is_shown { &ANNOTATION } else { &[] });
    } else if dictionary.has_type(b"Page") {
        keep(dictionary, &PAGE);
    } else if is_file(dictionary) || is_harmful_action(dictionary) {
        keep(dictionary, &[]);
    }
    let inner: Vec<Vec<u8>> = dictionary.iter().map(|(key, _)| key.clone()).collect();
    for key in inner {
        if dictionary.get_mut(&key).is_ok_and(visit) {
            dictionary.remove(&key);
        }
    }
    dictionary.is_empty()
}

fn is(dictionary: &Dictionary, key: &[u8], name: &[u8]) -> bool {
    dictionary.get(key).and_then(Object::as_name).is_ok_and(|found| found == name)
}

/// Rect is what every annotation has, and no other dictionary with a Subtype.
fn is_annotation(dictionary: &Dictionary) -> bool {
    dictionary.has_type(b"Annot") || dictionary.has(b"Rect") && dictionary.has(b"Subtype")
}

fn is_file(dictionary: &Dictionary) -> bool {
    dictionary.has_type(b"Filespec") || dictionary.has_type(b"F") || dictionary.has_type(b"EmbeddedFile")
}

fn is_harmful_action(dictionary: &Dictionary) -> bool {
    if ACTIONS.iter().any(|action| is(dictionary, b"S", action)) {
        return true;
    }
    let address = dictionary.get(b"URI").and_then(Object::as_str);
    address.is_ok_and(|address| {
        let address = address.to_ascii_lowercase();
        ![&b"http://"[..], b"https://", b"mailto:", b"tel:", b"#"].iter().any(|start| address.starts_with(start))
    })
}

/// Takes the references to dropped objects out of lists and dictionaries.
pub(super) fn forget(document: &mut Document, dropped: &Dropped) {
    for id in dropped {
        document.objects.remove(id);
    }
    for object in document.objects.values_mut() {
        unlink(object, dropped);
    }
}

fn unlink(object: &mut Object, dropped: &Dropped) {
    let is_gone = |object: &Object| object.as_reference().is_ok_and(|id| dropped.contains(&id));
    let within = |dictionary: &mut Dictionary| {
        let gone: Vec<Vec<u8>> = dictionary.iter().filter(|(_, value)| is_gone(value)).map(|(key, _)| key.clone()).collect();
        for key in gone {
            dictionary.remove(&key);
        }
        dictionary.iter_mut().for_each(|(_, value)| unlink(value, dropped));
    };
    match object {
        Object::Array(items) => {
            // Annotations go from their list; elsewhere the place of an item has a meaning.
            for item in items.iter_mut() {
                if is_gone(item) {
                    *item = Object::Null;
                }
                unlink(item, dropped);
            }
        }
        Object::Dictionary(dictionary) => {
            within(dictionary);
            if let Ok(Object::Array(annotations)) = dictionary.get_mut(b"Annots") {
                annotations.retain(|annotation| !annotation.is_null());
            }
        }
        Object::Stream(stream) => within(&mut stream.dict),
        Object::Null | Object::Boolean(_) | Object::Integer(_) | Object::Real(_) | Object::Name(_) => {}
        Object::String(..) | Object::Reference(_) => {}
    }
}
