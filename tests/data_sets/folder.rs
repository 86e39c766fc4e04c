//! Folders of pictures.

use crate::gtsrb::ppm;
use crate::{labels, load, refused, with, write};
use image::{ExtendedColorType, ImageFormat};
use std::path::Path;
use stuckat::data::picture::Size;
use stuckat::data::{DataSet, Format, Shape, Source, Split};
use tempfile::TempDir;

/// A gray PNG file of 1 x 2 pixels.
pub fn png(pixels: [u8; 2]) -> Vec<u8> {
    encoded(&pixels, (2, 1), ExtendedColorType::L8, ImageFormat::Png)
}

fn encoded(
    pixels: &[u8],
    (width, height): (u32, u32),
    colour: ExtendedColorType,
    format: ImageFormat,
) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::write_buffer_with_format(&mut file, pixels, width, height, colour, format)
        .expect("memory takes everything");
    file.into_inner()
}

/// Names in the order in which the images come, with their labels.
fn named(set: &DataSet) -> Vec<(String, Option<u16>)> {
    (0..set.count()).map(|i| (set.name(i), set.label(i))).collect()
}

#[test]
fn folders_by_class_are_numbered_in_the_order_of_their_names() {
    let folder = TempDir::new().expect("a folder");
    for name in [
        "dog/b.png",
        "dog/a.png",
        "cat/deeper/x.PNG",
        "Zebra/z.png",
        "__MACOSX/._a.png",
        ".git/x.png",
    ] {
        write(folder.path(), name, png([1, 2]));
    }
    let set = load(folder.path()).expect("sound");
    // Capitals before small letters, as Python's sorted() has it.
    let expected =
        [("Zebra/z.png", 0), ("cat/deeper/x.PNG", 1), ("dog/a.png", 2), ("dog/b.png", 2)];
    assert_eq!(named(&set), expected.map(|(name, label)| (name.to_owned(), Some(label))));
    assert_eq!(set.class_names(), Some(&["Zebra".to_owned(), "cat".into(), "dog".into()][..]));
    assert_eq!((set.format(), set.image(0)), (Format::Folder, &[1, 2][..]));
}

#[test]
fn folders_with_numbers_for_names_are_the_classes_themselves() {
    let folder = TempDir::new().expect("a folder");
    for class in ["2", "10", "007"] {
        write(folder.path(), &format!("{class}/a.png"), png([1, 2]));
    }
    let set = load(folder.path()).expect("sound");
    let mut found = labels(&set).expect("labels");
    found.sort_unstable();
    assert_eq!((found, set.class_names()), (vec![2, 7, 10], None));
    write(folder.path(), "65536/a.png", png([1, 2]));
    refused(&Source::new(folder.path()), &["class '65536'", "65535"]);
}

#[test]
fn parts_in_folders_are_chosen_by_the_split() {
    let folder = TempDir::new().expect("a folder");
    for name in ["train/cat/1.png", "train/dog/2.png", "val/cat/3.png", "val/dog/4.png"] {
        write(folder.path(), name, png([1, 2]));
    }
    let names = |split| {
        let set = DataSet::load(&with(folder.path(), Format::Auto, split)).expect("sound");
        named(&set)
            .into_iter()
            .map(|(name, label)| format!("{name}={}", label.expect("labelled")))
            .collect::<Vec<_>>()
    };
    assert_eq!(names(Split::Test), ["val/cat/3.png=0", "val/dog/4.png=1"]);
    assert_eq!(names(Split::Train), ["train/cat/1.png=0", "train/dog/2.png=1"]);
    assert_eq!(names(Split::All).len(), 4);
    // Trains among other vehicles are a class.
    let vehicles = TempDir::new().expect("a folder");
    for name in ["car/1.png", "train/2.png"] {
        write(vehicles.path(), name, png([1, 2]));
    }
    assert_eq!(labels(&load(vehicles.path()).expect("sound")), Some(vec![0, 1]));
    let half = TempDir::new().expect("a folder");
    write(half.path(), "train/cat/1.png", png([1, 2]));
    refused(&Source::new(half.path()), &["no folder 'test'", "--split"]);
}

/// Three pictures in a folder, and a table with this text; the labels in the order of the table's rows.
fn tabled(table: &str, text: &str) -> Vec<(String, Option<u16>)> {
    let folder = TempDir::new().expect("a folder");
    let pictures = folder.path().join("Test");
    for name in ["1.png", "2.png", "3.png"] {
        write(&pictures, name, png([1, 2]));
    }
    write(folder.path(), table, text);
    let mut set = named(&load(&pictures).expect("sound"));
    set.sort();
    set
}

#[test]
fn tables_of_names_and_labels_are_read_in_their_usual_forms() {
    let expected = [("1.png", 5), ("2.png", 3), ("3.png", 4)]
        .map(|(name, label)| (name.to_owned(), Some(label)));
    for (table, text) in [
        ("Test/labels.csv", "name,label\n3.png,4\n1.png,5\n2.png,3\n"),
        ("Test/anything.csv", "3.png,4\n1.png,5\n2.png,3\n"),
        ("Test/labels.txt", "1.png 5\n2.png 3\n3.png 4\n"),
        ("Test/labels.csv", "id;label\n1;5\n2;3\n3;4\n"),
        ("Test/labels.csv", "\u{feff}what,which\r\n\"1.png\",5\r\n2.png,3\r\n3.png,4\r\n"),
        // As GTSRB's copy on Kaggle has it, beside the folder.
        (
            "Test.csv",
            "Width,Height,ClassId,Path\n9,9,5,Test/1.png\n9,9,3,Test/2.png\n9,9,4,Test/3.png\n",
        ),
    ] {
        // The paths differ in how the row names the picture, not in the picture.
        let found: Vec<_> = tabled(table, text)
            .into_iter()
            .map(|(name, label)| (name.rsplit('/').next().expect("a name").to_owned(), label))
            .collect();
        assert_eq!(found, expected, "{table}: {text}");
    }
    let words = tabled("Test/labels.csv", "1.png,dog\n2.png,cat\n3.png,dog\n");
    assert_eq!(
        words.iter().map(|(_, label)| label.expect("a label")).collect::<Vec<_>>(),
        [1, 0, 1]
    );
}

#[test]
fn what_is_wrong_with_a_folder_or_table_is_said_with_its_place() {
    let folder = TempDir::new().expect("a folder");
    let root = folder.path();
    refused(&Source::new(root), &["holds no pictures", "png, jpg"]);
    write(root, "1.png", png([1, 2]));
    write(root, "2.png", png([1, 2]));
    assert_eq!(labels(&load(root).expect("sound")), None);
    for (text, parts) in [
        ("1.png,3\n9.png,4\n", &["labels.csv:2", "no picture '9.png'"][..]),
        ("1.png,3\n1.png,4\n", &["labels.csv:2", "a row before"]),
        ("1.png,3\n2.png\n", &["labels.csv:2", "no name and label"]),
        ("1.png,3\n2.png,\n", &["labels.csv:2", "no label"]),
        ("1.png,3\n\"2.png,4\n", &["labels.csv:2", "quotation mark"]),
        ("1.png,65536\n", &["labels.csv:1", "65535"]),
        ("1.png\n2.png\n", &["labels.csv:1", "one field"]),
        ("a,b,c\n1.png,2,3\n", &["labels.csv:1", "'name' and 'label'"]),
        ("", &["labels.csv", "empty"]),
    ] {
        write(root, "labels.csv", text);
        refused(&Source::new(root), parts);
    }
    write(root, "labels.csv", "1.png,3\n");
    let set = load(root).expect("sound");
    assert!(set.count() == 1 && set.notes()[0].contains("1 pictures"), "{:?}", set.notes());
    write(root, "more.csv", "1.png,3\n");
    refused(&Source::new(root), &["several tables (labels.csv, more.csv)"]);
    std::fs::remove_file(root.join("labels.csv")).expect("it is there");
    std::fs::remove_file(root.join("more.csv")).expect("it is there");
    write(root, "cat/3.png", png([1, 2]));
    refused(&Source::new(root), &["pictures and folders of pictures"]);
    std::fs::remove_file(root.join("1.png")).expect("it is there");
    std::fs::remove_file(root.join("2.png")).expect("it is there");
    std::fs::create_dir(root.join("dog")).expect("a folder");
    refused(&Source::new(root), &["'dog' holds no pictures"]);
    write(root, "dog/4.png", &png([1, 2])[..30]);
    refused(&Source::new(root), &["dog/4.png", "cannot be decoded"]);
    refused(
        &with(&root.join("cat/3.png"), Format::Folder, Split::Test),
        &["3.png", "a folder of pictures"],
    );
}

#[test]
fn every_kind_of_picture_is_decoded_to_gray_or_colour() {
    let folder = TempDir::new().expect("a folder");
    let put = |name: &str, bytes: Vec<u8>| write(folder.path(), name, bytes);
    let rgba = [10, 20, 30, 40, 50, 60, 70, 80];
    put("1.png", encoded(&rgba, (2, 1), ExtendedColorType::Rgba8, ImageFormat::Png));
    put("2.webp", encoded(&rgba, (2, 1), ExtendedColorType::Rgba8, ImageFormat::WebP));
    put("3.jpg", encoded(&[90; 64], (8, 8), ExtendedColorType::L8, ImageFormat::Jpeg));
    put("4.pgm", b"P5 2 1 255 \x07\x09".to_vec());
    put("5.ppm", ppm(1, 2, 3));
    let set = load(folder.path()).expect("sound");
    let size = |i| set.size(i).map(|Size { height, width, channels }| (height, width, channels));
    assert_eq!(set.shape(), &Shape::Mixed);
    assert_eq!((size(0), set.image(0)), (Some((1, 2, 3)), &[10, 20, 30, 50, 60, 70][..]));
    assert_eq!(set.image(1), set.image(0));
    // One value everywhere survives a JPEG.
    assert_eq!((size(2), set.image(2)), (Some((8, 8, 1)), &[90; 64][..]));
    assert_eq!((size(3), set.image(3)), (Some((1, 2, 1)), &[7, 9][..]));
    assert_eq!(set.image(4), [0, 3, 0, 1, 3, 0]);
}

#[test]
fn links_in_a_circle_end() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "cat/1.png", png([1, 2]));
    let into: &Path = &folder.path().join("cat/again");
    std::os::unix::fs::symlink(folder.path(), into).expect("a link");
    refused(&Source::new(folder.path()), &["8 deep", "link"]);
}
