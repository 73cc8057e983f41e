//! Files of each format with a text hidden at a place of one's choice, and a search for it that shares nothing with the program.

use data_encoding::BASE64;
use flate2::Compression;
use flate2::read::{DeflateDecoder, ZlibDecoder};
use flate2::write::ZlibEncoder;
use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, Stream, StringFormat, dictionary};
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// What people are to see in every file, whatever is hidden beside it.
pub const SHOWN: &str = "Ordre du jour";

/// A zip of these entries.
pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in entries {
        zip.start_file(*name, packed).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Whether the text stands anywhere in these octets: as they are, in UTF-16, or packed by deflate or base64, to any depth.
pub fn has(bytes: &[u8], text: &str) -> bool {
    within(bytes, text, 6)
}

fn within(bytes: &[u8], text: &str, depth: usize) -> bool {
    let find = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
    let wide = |turn: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(turn).collect::<Vec<u8>>();
    let hex: String = text.bytes().map(|octet| format!("{octet:02X}")).collect();
    if find(text.as_bytes()) || find(&wide(u16::to_le_bytes)) || find(&wide(u16::to_be_bytes)) || find(hex.as_bytes()) {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    let mut inner: Vec<Vec<u8>> = Vec::new();
    for at in 0..bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"PK\x03\x04") && rest.len() > 30 {
            let number = |at: usize| usize::from(rest[at]) | usize::from(rest[at + 1]) << 8;
            inner.push(all(DeflateDecoder::new(rest.get(30 + number(26) + number(28)..).unwrap_or_default())));
        } else if rest.len() > 2 && rest[0] == 0x78 && (usize::from(rest[0]) * 256 + usize::from(rest[1])) % 31 == 0 {
            inner.push(all(ZlibDecoder::new(rest)));
        }
    }
    for block in String::from_utf8_lossy(bytes).split("\r\n\r\n") {
        let digits: String = block.split_whitespace().collect();
        inner.extend(BASE64.decode(digits.as_bytes()).ok().filter(|decoded| decoded.len() > 8));
    }
    inner.iter().any(|inner| !inner.is_empty() && within(inner, text, depth))
}

fn all(mut reader: impl Read) -> Vec<u8> {
    let mut content = Vec::new();
    let _ = reader.read_to_end(&mut content);
    content
}

// JPEG and PNG.

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, marker][..], &u16::try_from(content.len() + 2).unwrap().to_be_bytes(), content].concat()
}

/// A TIFF block with Orientation and one text (Artist).
fn exif(text: &str, orientation: u8) -> Vec<u8> {
    let text = [text.as_bytes(), b"\0"].concat();
    let mut tiff = b"MM\0*\0\0\0\x08\0\x02\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    tiff.extend([orientation, 0, 0, 0x01, 0x3b, 0, 0x02]);
    tiff.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
    tiff.extend(38_u32.to_be_bytes());
    tiff.extend([0; 4]);
    tiff.extend(text);
    tiff
}

fn xmp(text: &str) -> Vec<u8> {
    format!("<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'><dc:creator>{text}</dc:creator></x:xmpmeta>").into_bytes()
}

/// A JPEG by its structure; `place` is where the text is hidden.
pub fn jpeg(place: &str, text: &str) -> Vec<u8> {
    let hidden = match place {
        "exif" => segment(0xe1, &[b"Exif\0\0", &exif(text, 6)[..]].concat()),
        "xmp" => segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", &xmp(text)[..]].concat()),
        "iptc" => segment(0xed, &[b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x20\x1c\x02\x50\0\x10", text.as_bytes()].concat()),
        "icc" => segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", text.as_bytes()].concat()),
        "comment" => segment(0xfe, text.as_bytes()),
        "jfif-thumbnail" => segment(0xe0, &[b"JFIF\0\x01\x02\0\0\x48\0\x48\x01\x08", text.as_bytes(), &[0; 8]].concat()),
        _ => Vec::new(),
    };
    let quantization = segment(0xdb, &[&[0][..], &[1; 64]].concat());
    let frame = segment(0xc0, &[8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    let tables = segment(0xc4, &[&[0][..], &[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &[0]].concat());
    let scan = [segment(0xda, &[1, 1, 0, 0, 63, 0]), vec![0x2a, 0xff, 0x00, 0x7f, 0xff, 0xd0, 0x15]].concat();
    let between = if place == "between-scans" { segment(0xfe, text.as_bytes()) } else { Vec::new() };
    let second = if place == "between-scans" { scan.clone() } else { Vec::new() };
    let behind = if place == "behind-the-end" { text.as_bytes() } else { b"" };
    [b"\xff\xd8", &hidden[..], &quantization, &frame, &tables, &scan, &between, &second, b"\xff\xd9", behind].concat()
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(kind);
    crc.update(content);
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], kind, content, &crc.sum().to_be_bytes()].concat()
}

/// A PNG of one dot.
pub fn png(place: &str, text: &str) -> Vec<u8> {
    let hidden = match place {
        "tEXt" => chunk(b"tEXt", &[b"Author\0", text.as_bytes()].concat()),
        "zTXt" => chunk(b"zTXt", &[b"Author\0\0", &zlib(text.as_bytes())[..]].concat()),
        "iTXt" => chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", &xmp(text)[..]].concat()),
        "eXIf" => chunk(b"eXIf", &exif(text, 1)),
        "iCCP" => chunk(b"iCCP", &[text.as_bytes(), b"\0\0", &zlib(b"profile")[..]].concat()),
        "private" => chunk(b"prVt", text.as_bytes()),
        _ => Vec::new(),
    };
    let behind = if place == "behind-the-end" { text.as_bytes() } else { b"" };
    let head = chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    let data = chunk(b"IDAT", &zlib(&[0, 0x7f]));
    [b"\x89PNG\r\n\x1a\n", &head[..], &hidden, &data, &chunk(b"IEND", b""), behind].concat()
}

// PDF.

fn literal(text: &str) -> Object {
    Object::string_literal(text)
}

fn stream(dict: Dictionary, content: &[u8]) -> Object {
    let mut stream = Stream::new(dict, content.to_vec());
    stream.compress().unwrap();
    Object::Stream(stream)
}

fn operation(operator: &str, operands: Vec<Object>) -> Operation {
    Operation::new(operator, operands)
}

/// The operations that draw a text the ways programs do.
fn drawn(way: &str, text: &str) -> Vec<Operation> {
    let (start, end) = text.split_at(text.len() / 2);
    let mut drawn =
        vec![operation("BT", vec![]), operation("Tf", vec!["F1".into(), 12.into()]), operation("Td", vec![50.into(), 600.into()])];
    match way {
        "text" => drawn.push(operation("Tj", vec![literal(text)])),
        "text-kerned" => drawn.push(operation("TJ", vec![Object::Array(vec![literal(start), (-15).into(), literal(end)])])),
        "text-by-letter" => {
            for letter in text.chars() {
                drawn.push(operation("Tj", vec![literal(&letter.to_string())]));
                drawn.push(operation("Td", vec![6.into(), 0.into()]));
            }
        }
        "text-mapped" => {
            // A subset font: codes that mean nothing without the map.
            drawn.push(operation("Tf", vec!["F2".into(), 12.into()]));
            let codes: Vec<u8> = text.bytes().flat_map(|octet| [0, octet.wrapping_add(100)]).collect();
            drawn.push(operation("Tj", vec![Object::String(codes, StringFormat::Hexadecimal)]));
        }
        "text-without-map" => {
            drawn.push(operation("Tf", vec!["F3".into(), 12.into()]));
            let codes: Vec<u8> = text.bytes().flat_map(|octet| [0, octet.wrapping_add(100)]).collect();
            drawn.push(operation("Tj", vec![Object::String(codes, StringFormat::Hexadecimal)]));
        }
        _ => {}
    }
    drawn.push(operation("ET", vec![]));
    drawn
}

/// A PDF of one page.
pub fn pdf(place: &str, text: &str) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let pages = document.new_object_id();
    let helvetica = document
        .add_object(dictionary! {"Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding"});
    let map = b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0064> <00FF> <0000> endbfrange";
    let map = document.add_object(stream(dictionary! {}, map));
    let descendant =
        document.add_object(dictionary! {"Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => "ABCDEF+X", "DW" => 600});
    let subset = dictionary! {"Type" => "Font", "Subtype" => "Type0", "BaseFont" => "ABCDEF+X", "Encoding" => "Identity-H", "DescendantFonts" => vec![descendant.into()]};
    let mut mapped = subset.clone();
    mapped.set("ToUnicode", Object::Reference(map));
    let (mapped, unmapped) = (document.add_object(mapped), document.add_object(subset));
    let fonts = dictionary! {"F1" => helvetica, "F2" => mapped, "F3" => unmapped};

    let mut operations = drawn("text", SHOWN);
    if place.starts_with("text") {
        operations.extend(drawn(place, text));
    }
    let mut resources = dictionary! {"Font" => fonts.clone()};
    if place == "form" {
        let content = Content { operations: drawn("text-kerned", text) }.encode().unwrap();
        let form = dictionary! {"Type" => "XObject", "Subtype" => "Form", "BBox" => vec![0.into(), 0.into(), 9.into(), 9.into()], "Resources" => dictionary! {"Font" => fonts}};
        let form = document.add_object(stream(form, &content));
        resources.set("XObject", dictionary! {"X1" => form});
        operations.push(operation("Do", vec!["X1".into()]));
    }
    if matches!(place, "picture" | "picture-packed") {
        let inner = jpeg("exif", text);
        let (filter, content): (Object, Vec<u8>) = match place {
            "picture" => ("DCTDecode".into(), inner),
            _ => (vec!["FlateDecode".into(), "DCTDecode".into()].into(), zlib(&inner)),
        };
        let picture = dictionary! {"Type" => "XObject", "Subtype" => "Image", "Width" => 8, "Height" => 8, "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8, "Filter" => filter};
        let picture = document.add_object(Stream::new(picture, content));
        resources.set("XObject", dictionary! {"X1" => picture});
        operations.push(operation("Do", vec!["X1".into()]));
    }
    let content = Content { operations }.encode().unwrap();
    let content = document.add_object(stream(dictionary! {}, &content));
    let mut page = dictionary! {"Type" => "Page", "Parent" => pages, "Contents" => content, "Resources" => resources, "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()]};
    let rect: Object = vec![0.into(), 0.into(), 9.into(), 9.into()].into();
    let annotation = match place {
        "annotation-author" => {
            Some(dictionary! {"Type" => "Annot", "Subtype" => "Text", "Rect" => rect, "T" => literal(text), "Contents" => literal("x")})
        }
        "annotation-without-type" => Some(dictionary! {"Subtype" => "Popup", "Rect" => rect, "T" => literal(text)}),
        "annotation-words" => Some(dictionary! {"Type" => "Annot", "Subtype" => "Text", "Rect" => rect, "Contents" => literal(text)}),
        "annotation-file" => Some(
            dictionary! {"Type" => "Annot", "Subtype" => "FileAttachment", "Rect" => rect, "FS" => dictionary! {"Type" => "Filespec", "F" => literal(text)}},
        ),
        "launch" => Some(
            dictionary! {"Type" => "Annot", "Subtype" => "Link", "Rect" => rect, "A" => dictionary! {"S" => "Launch", "F" => literal(text)}},
        ),
        "file-link" => Some(
            dictionary! {"Type" => "Annot", "Subtype" => "Link", "Rect" => rect, "A" => dictionary! {"S" => "URI", "URI" => literal(&format!("file:///C:/Users/{text}/a"))}},
        ),
        "field" => Some(dictionary! {"Type" => "Annot", "Subtype" => "Widget", "Rect" => rect, "FT" => "Tx", "V" => literal(text)}),
        _ => None,
    };
    if let Some(annotation) = annotation {
        let annotation = document.add_object(annotation);
        page.set("Annots", vec![Object::Reference(annotation)]);
    }
    if place == "private-data"
        && let Ok(font) = document.get_dictionary_mut(helvetica)
    {
        font.set("PieceInfo", dictionary! {"X" => dictionary! {"Private" => literal(text)}});
    }
    let page = document.add_object(page);
    document.objects.insert(pages, dictionary! {"Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1}.into());
    let mut catalog = dictionary! {"Type" => "Catalog", "Pages" => pages};
    match place {
        "xmp" => catalog.set("Metadata", document.add_object(stream(dictionary! {"Type" => "Metadata", "Subtype" => "XML"}, &xmp(text)))),
        "script" => catalog.set("OpenAction", dictionary! {"S" => "JavaScript", "JS" => literal(text)}),
        "embedded" => {
            let file = document.add_object(stream(dictionary! {"Type" => "EmbeddedFile"}, text.as_bytes()));
            let named = dictionary! {"Type" => "Filespec", "F" => literal("a.txt"), "EF" => dictionary! {"F" => file}};
            catalog.set("Names", dictionary! {"EmbeddedFiles" => dictionary! {"Names" => vec![literal("a.txt"), named.into()]}});
        }
        "form-values" => {
            catalog.set("AcroForm", dictionary! {"Fields" => vec![dictionary! {"T" => literal("n"), "V" => literal(text)}.into()]})
        }
        "bookmark" => {
            let entry = document.add_object(dictionary! {"Title" => Object::String(utf16(text), StringFormat::Hexadecimal)});
            catalog.set("Outlines", dictionary! {"Type" => "Outlines", "First" => entry, "Last" => entry, "Count" => 1});
        }
        _ => {}
    }
    let catalog = document.add_object(catalog);
    document.trailer.set("Root", catalog);
    if place == "info" {
        let info =
            document.add_object(dictionary! {"Author" => Object::String(utf16(text), StringFormat::Literal), "Producer" => literal("x")});
        document.trailer.set("Info", info);
    }
    if place == "unused" {
        document.add_object(dictionary! {"Left" => literal(text)});
    }
    let mut bytes = Vec::new();
    if place == "object-stream" {
        let info = document.add_object(dictionary! {"Author" => literal(text)});
        document.trailer.set("Info", info);
        document.save_modern(&mut bytes).unwrap();
    } else {
        document.save_to(&mut bytes).unwrap();
    }
    if place == "earlier-version" {
        // An object that a later one of the same number replaced.
        let (number, _) = catalog;
        let at = bytes.windows(5).position(|window| window == b"1 0 o").unwrap();
        let old = format!("{number} 0 obj\n<</Old({text})>>\nendobj\n");
        bytes.splice(at..at, old.into_bytes());
    }
    bytes
}

fn utf16(text: &str) -> Vec<u8> {
    [vec![0xfe, 0xff], text.encode_utf16().flat_map(u16::to_be_bytes).collect()].concat()
}

// Office Open XML.

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

fn types(parts: &[(&str, &str)]) -> String {
    let parts: String = parts.iter().map(|(name, kind)| format!("<Override PartName=\"/{name}\" ContentType=\"{kind}\"/>")).collect();
    format!(
        "<?xml version=\"1.0\"?><Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/><Default Extension=\"png\" ContentType=\"image/png\"/>\
         <Default Extension=\"jpeg\" ContentType=\"image/jpeg\"/><Default Extension=\"emf\" ContentType=\"image/x-emf\"/>\
         <Default Extension=\"bin\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.printerSettings\"/>{parts}</Types>"
    )
}

fn links(links: &[(&str, &str, &str)]) -> String {
    let made = links.iter().map(|(id, kind, target)| {
        let mode =
            if target.contains("://") || target.starts_with("file:") || target.contains('\\') { " TargetMode=\"External\"" } else { "" };
        let kind = if kind.contains('/') { (*kind).to_owned() } else { format!("{OFFICE}/{kind}") };
        format!("<Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"{target}\"{mode}/>")
    });
    format!("<?xml version=\"1.0\"?><Relationships xmlns=\"{PACKAGE}/relationships\">{}</Relationships>", made.collect::<String>())
}

/// A package that grows.
struct Package {
    parts: Vec<(String, Vec<u8>)>,
    kinds: Vec<(String, String)>,
    package_links: Vec<(String, String, String)>,
    main_links: Vec<(String, String, String)>,
    main: &'static str,
}

impl Package {
    fn new(main: &'static str, kind: &str, content: String) -> Self {
        let mut package = Self { parts: Vec::new(), kinds: Vec::new(), package_links: Vec::new(), main_links: Vec::new(), main };
        package.part(main, kind, content.as_bytes());
        package.package_link("rId1", "officeDocument", main);
        package
    }

    fn part(&mut self, name: &str, kind: &str, content: &[u8]) {
        self.parts.push((name.to_owned(), content.to_vec()));
        if !kind.is_empty() {
            let kind = if kind.starts_with("application/") {
                kind.to_owned()
            } else {
                format!("application/vnd.openxmlformats-officedocument.{kind}+xml")
            };
            self.kinds.push((name.to_owned(), kind));
        }
    }

    fn package_link(&mut self, id: &str, kind: &str, target: &str) {
        self.package_links.push((id.to_owned(), kind.to_owned(), target.to_owned()));
    }

    fn link(&mut self, id: &str, kind: &str, target: &str) {
        self.main_links.push((id.to_owned(), kind.to_owned(), target.to_owned()));
    }

    fn written(self) -> Vec<u8> {
        let borrow = |links: &[(String, String, String)]| {
            let list: Vec<(&str, &str, &str)> =
                links.iter().map(|(id, kind, target)| (id.as_str(), kind.as_str(), target.as_str())).collect();
            self::links(&list).into_bytes()
        };
        let kinds: Vec<(&str, &str)> = self.kinds.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
        let (folder, last) = self.main.rsplit_once('/').unwrap();
        let mut entries: Vec<(String, Vec<u8>)> = vec![
            ("[Content_Types].xml".to_owned(), types(&kinds).into_bytes()),
            ("_rels/.rels".to_owned(), borrow(&self.package_links)),
            (format!("{folder}/_rels/{last}.rels"), borrow(&self.main_links)),
        ];
        entries.extend(self.parts);
        let entries: Vec<(&str, &[u8])> = entries.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
        zip(&entries)
    }
}

const WORD: &str = "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";

fn properties(package: &mut Package, place: &str, text: &str) {
    match place {
        "core" => {
            package.part("docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml", format!("<cp:coreProperties xmlns:cp=\"{PACKAGE}/metadata/core-properties\"><dc:creator>{text}</dc:creator><cp:lastModifiedBy>{text}</cp:lastModifiedBy></cp:coreProperties>").as_bytes());
            package.package_link("rId2", &format!("{PACKAGE}/relationships/metadata/core-properties"), "docProps/core.xml");
        }
        "app" => {
            package.part(
                "docProps/app.xml",
                "extended-properties",
                format!("<Properties><Manager>{text}</Manager></Properties>").as_bytes(),
            );
            package.package_link("rId2", "extended-properties", "docProps/app.xml");
        }
        "custom" => {
            package.part(
                "docProps/custom.xml",
                "custom-properties",
                format!("<Properties><property name=\"x\"><vt:lpwstr>{text}</vt:lpwstr></property></Properties>").as_bytes(),
            );
            package.package_link("rId2", "custom-properties", "docProps/custom.xml");
        }
        "thumbnail" => {
            package.part("docProps/thumbnail.jpeg", "", &jpeg("comment", text));
            package.package_link("rId2", &format!("{PACKAGE}/relationships/metadata/thumbnail"), "docProps/thumbnail.jpeg");
        }
        "custom-xml" => {
            package.part("customXml/item1.xml", "", format!("<a>{text}</a>").as_bytes());
            package.link("rId90", "customXml", "../customXml/item1.xml");
        }
        _ => {}
    }
}

/// A docx.
pub fn docx(place: &str, text: &str) -> Vec<u8> {
    let (start, end) = text.split_at(text.len().saturating_sub(4));
    let body = match place {
        "body" => format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"),
        "body-in-runs" => format!(
            "<w:p><w:r><w:t>{start}</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>{end}</w:t></w:r></w:p><w:p><w:r><w:t>Suite</w:t></w:r></w:p>"
        ),
        "author-of-a-change" => format!(
            "<w:p w:rsidR=\"00AA\"><w:ins w:id=\"1\" w:author=\"{text}\" w:date=\"2026-01-01T00:00:00Z\"><w:r><w:t>x</w:t></w:r></w:ins></w:p>"
        ),
        "template" => format!("<w:p><w:r><w:t>x</w:t></w:r></w:p><!-- {text} -->"),
        "picture-path" => format!("<w:p><w:drawing><wp:docPr id=\"1\" name=\"x\" descr=\"C:\\Users\\{text}\\a.png\"/></w:drawing></w:p>"),
        "picture" => "<w:p><w:drawing><a:blip r:embed=\"rId8\"/></w:drawing></w:p>".to_owned(),
        "comment" | "comment-author" => "<w:p><w:commentReference w:id=\"0\"/></w:p>".to_owned(),
        _ => String::new(),
    };
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document {WORD}><w:body><w:p><w:r><w:t>{SHOWN}</w:t></w:r></w:p>{body}</w:body></w:document>"
    );
    let mut package = Package::new("word/document.xml", "wordprocessingml.document.main", document);
    properties(&mut package, place, text);
    match place {
        "comment" | "comment-author" => {
            let (author, words) = if place == "comment" { ("x", text) } else { (text, "x") };
            let comment = format!(
                "<w:comments {WORD}><w:comment w:id=\"0\" w:author=\"{author}\" w:initials=\"{author}\" w:date=\"2026-01-01T00:00:00Z\"><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:comment></w:comments>"
            );
            package.part("word/comments.xml", "wordprocessingml.comments", comment.as_bytes());
            package.link("rId7", "comments", "comments.xml");
        }
        "people" => {
            package.part(
                "word/people.xml",
                "wordprocessingml.people",
                format!("<w15:people><w15:person w15:author=\"{text}\"/></w15:people>").as_bytes(),
            );
            package.link("rId7", "http://schemas.microsoft.com/office/2011/relationships/people", "people.xml");
        }
        "template" => {
            package.part("word/settings.xml", "wordprocessingml.settings", format!("<w:settings {WORD}><w:attachedTemplate r:id=\"rId1\"/><w:rsids><w:rsid w:val=\"1\"/></w:rsids><w:docVars><w:docVar w:name=\"u\" w:val=\"{text}\"/></w:docVars></w:settings>").as_bytes());
            package.part(
                "word/_rels/settings.xml.rels",
                "",
                self::links(&[("rId1", "attachedTemplate", &format!("file:///C:\\Users\\{text}\\a.dotx"))]).as_bytes(),
            );
            package.link("rId7", "settings", "settings.xml");
        }
        "linked-file" => package.link("rId7", "image", &format!("file:///\\\\srv\\{text}\\a.png")),
        "picture" => {
            package.part("word/media/image1.jpeg", "", &jpeg("exif", text));
            package.link("rId8", "image", "media/image1.jpeg");
        }
        "picture-of-another-format" => {
            package.part("word/media/image1.emf", "", text.as_bytes());
            package.link("rId8", "image", "media/image1.emf");
        }
        "unknown-part" => package.part("word/odd.bin2", "application/x-odd", text.as_bytes()),
        "macros" => package.part("word/vbaProject.bin", "application/vnd.ms-office.vbaProject", text.as_bytes()),
        _ => {}
    }
    package.written()
}

const SHEET: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";

/// An xlsx.
pub fn xlsx(place: &str, text: &str) -> Vec<u8> {
    let (start, end) = text.split_at(text.len().saturating_sub(4));
    let path = if place == "path" { format!("<x15ac:absPath url=\"C:\\Users\\{text}\\\"/>") } else { String::new() };
    let views = if place == "view" {
        format!("<customWorkbookViews><customWorkbookView name=\"{text}\" guid=\"1\"/></customWorkbookViews>")
    } else {
        String::new()
    };
    let mut package = Package::new(
        "xl/workbook.xml",
        "spreadsheetml.sheet.main",
        format!("<workbook {SHEET}>{path}<sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"rId1\"/></sheets>{views}</workbook>"),
    );
    properties(&mut package, place, text);
    let string = match place {
        "shared-string" => format!("<si><t>{text}</t></si>"),
        "shared-string-in-runs" => format!("<si><r><t>{start}</t></r><r><t>{end}</t></r></si><si><t>Suite</t></si>"),
        _ => String::new(),
    };
    package.part(
        "xl/sharedStrings.xml",
        "spreadsheetml.sharedStrings",
        format!("<sst {SHEET}><si><t>{SHOWN}</t></si>{string}</sst>").as_bytes(),
    );
    package.part(
        "xl/worksheets/sheet1.xml",
        "spreadsheetml.worksheet",
        format!("<worksheet {SHEET}><sheetData/><pageSetup r:id=\"rId9\"/></worksheet>").as_bytes(),
    );
    package.link("rId1", "worksheet", "worksheets/sheet1.xml");
    package.link("rId2", "sharedStrings", "sharedStrings.xml");
    match place {
        "printer" => {
            package.part("xl/printerSettings/printerSettings1.bin", "", text.as_bytes());
            package.part(
                "xl/worksheets/_rels/sheet1.xml.rels",
                "",
                self::links(&[("rId9", "printerSettings", "../printerSettings/printerSettings1.bin")]).as_bytes(),
            );
        }
        "comment-author" => {
            package.part(
                "xl/comments1.xml",
                "spreadsheetml.comments",
                format!("<comments {SHEET}><authors><author>{text}</author></authors></comments>").as_bytes(),
            );
            package.part("xl/worksheets/_rels/sheet1.xml.rels", "", self::links(&[("rId3", "comments", "../comments1.xml")]).as_bytes());
        }
        "external-link" => {
            package.part(
                "xl/externalLinks/externalLink1.xml",
                "spreadsheetml.externalLink",
                format!("<externalLink {SHEET}><externalBook r:id=\"rId1\"/></externalLink>").as_bytes(),
            );
            package.part(
                "xl/externalLinks/_rels/externalLink1.xml.rels",
                "",
                self::links(&[("rId1", "externalLinkPath", &format!("file:///C:\\Users\\{text}\\b.xlsx"))]).as_bytes(),
            );
            package.link("rId4", "externalLink", "externalLinks/externalLink1.xml");
        }
        _ => {}
    }
    package.written()
}

const SLIDES: &str = "xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\" \
    xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\"";

/// A pptx.
pub fn pptx(place: &str, text: &str) -> Vec<u8> {
    let (start, end) = text.split_at(text.len().saturating_sub(4));
    let mut package = Package::new("ppt/presentation.xml", "presentationml.presentation.main", format!("<p:presentation {SLIDES}/>"));
    properties(&mut package, place, text);
    package.part(
        "ppt/slides/slide1.xml",
        "presentationml.slide",
        format!("<p:sld {SLIDES}><a:p><a:r><a:t>{SHOWN}</a:t></a:r></a:p></p:sld>").as_bytes(),
    );
    package.link("rId1", "slide", "slides/slide1.xml");
    match place {
        "notes" => package.part(
            "ppt/notesSlides/notesSlide1.xml",
            "presentationml.notesSlide",
            format!("<p:notes {SLIDES}><a:p><a:r><a:t>{start}</a:t></a:r><a:r><a:t>{end}</a:t></a:r></a:p></p:notes>").as_bytes(),
        ),
        "comment-author" => {
            package.part(
                "ppt/commentAuthors.xml",
                "presentationml.commentAuthors",
                format!("<p:cmAuthorLst {SLIDES}><p:cmAuthor id=\"0\" name=\"{text}\" initials=\"x\"/></p:cmAuthorLst>").as_bytes(),
            );
            package.link("rId2", "commentAuthors", "commentAuthors.xml");
        }
        "chart-table" => {
            package.part("ppt/embeddings/a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &xlsx("core", text));
            package.part("ppt/slides/_rels/slide1.xml.rels", "", self::links(&[("rId3", "package", "../embeddings/a.xlsx")]).as_bytes());
        }
        _ => {}
    }
    package.written()
}

/// OpenDocument text.
pub fn odt(text: &str) -> Vec<u8> {
    let (start, end) = text.split_at(text.len().saturating_sub(4));
    let content = format!(
        "<office:document-content xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\"><text:p>{start}<text:span>{end}</text:span></text:p><text:p>x</text:p></office:document-content>"
    );
    zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", content.as_bytes())])
}

/// A message with another attached.
pub fn eml(text: &str) -> Vec<u8> {
    let inner =
        format!("From: a@b.example\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n", BASE64.encode(text.as_bytes()));
    format!("From: a@b.example\r\nContent-Type: multipart/mixed; boundary=z\r\n\r\n--z\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--z--\r\n").into_bytes()
}

/// Octets of a sector in version 4.
const SECTOR: usize = 4096;

/// A compound file with one stream (a binary document, or a message of Outlook).
pub fn compound(name: &str, text: &str) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // The text lies across the border of two sectors, and another stream between them.
    file.create_stream(name).unwrap().write_all(&[0; 2 * SECTOR - 16]).unwrap();
    file.create_stream("/between").unwrap().write_all(&[7; 2 * SECTOR]).unwrap();
    let mut stream = file.open_stream(name).unwrap();
    stream.seek(SeekFrom::End(0)).unwrap();
    stream.write_all(&wide).unwrap();
    drop(stream);
    file.flush().unwrap();
    file.into_inner().into_inner()
}
