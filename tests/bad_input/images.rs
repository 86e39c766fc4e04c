//! Images and labels that are damaged or do not fit.

use crate::cli::{BAD_INPUT, Line, campaign, file, folder};
use crate::tiny_elf::TinyElf;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use tempfile::TempDir;

/// An IDX file of unsigned bytes.
fn idx(shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|n| n.to_be_bytes()));
    bytes.extend(data);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

fn two_images() -> Vec<u8> {
    idx(&[2, 28, 28], &[100; 2 * 28 * 28])
}

fn two_labels() -> Vec<u8> {
    idx(&[2], &[3, 4])
}

fn with(folder: &TempDir, images: &[u8], labels: &[u8]) -> Line {
    let images = file(folder, "images.idx", images);
    let labels = file(folder, "labels.idx", labels);
    campaign(1, 1, &folder.path().join("run")).words([
        "--data-images",
        &images,
        "--data-labels",
        &labels,
    ])
}

/// These files are refused with one line that contains all of `parts`, before a run directory is made.
#[track_caller]
fn refused(images: &[u8], labels: &[u8], parts: &[&str]) {
    let folder = folder();
    with(&folder, images, labels).is_refused(BAD_INPUT, parts);
    assert!(!folder.path().join("run").exists(), "a run directory is left behind");
}

#[test]
fn sound_images_are_read_plain_and_compressed() {
    with(&folder(), &two_images(), &two_labels()).succeeds();
    with(&folder(), &gzip(&two_images()), &gzip(&two_labels())).succeeds();
}

#[test]
fn damaged_gzip_data_are_refused() {
    let whole = gzip(&two_images());
    for len in [2, 3, 10, 11, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
        refused(&whole[..len], &two_labels(), &["images.idx", "gzip"]);
    }
    let labels = gzip(&two_labels());
    refused(&two_images(), &labels[..labels.len() - 3], &["labels.idx", "gzip"]);
    let mut flipped = whole.clone();
    let checksum = flipped.len() - 6;
    flipped[checksum] ^= 1;
    refused(&flipped, &two_labels(), &["images.idx", "gzip"]);
}

#[test]
fn a_wrong_magic_number_or_element_type_is_refused() {
    refused(b"", &two_labels(), &["images.idx", "not an IDX file"]);
    refused(b"A text file.", &two_labels(), &["images.idx", "not an IDX file"]);
    refused(&two_images(), b"\x89PNG", &["labels.idx", "not an IDX file"]);
    let mut floats = two_images();
    floats[2] = 0x0d;
    refused(&floats, &two_labels(), &["images.idx", "0x0d"]);
}

#[test]
fn data_that_do_not_fit_their_header_are_refused() {
    let images = two_images();
    for len in [3, 4, 8, 15, 16, 17, images.len() - 1] {
        refused(&images[..len], &two_labels(), &["images.idx"]);
    }
    let longer = [&images[..], &[0]].concat();
    refused(&longer, &two_labels(), &["images.idx", "1569"]);
    refused(&two_images(), &idx(&[3], &[1, 2]), &["labels.idx"]);
}

#[test]
fn labels_that_do_not_match_the_images_are_refused() {
    refused(&two_images(), &idx(&[3], &[1, 2, 3]), &["labels.idx", "[3]", "2 images"]);
    refused(&two_images(), &idx(&[1], &[1]), &["labels.idx", "[1]", "2 images"]);
    refused(&two_images(), &idx(&[2, 1], &[1, 2]), &["labels.idx", "[2, 1]"]);
    refused(&two_images(), &two_images(), &["labels.idx"]);
    refused(&two_labels(), &two_images(), &["labels.idx"]);
}

#[test]
fn images_of_another_size_than_the_firmware_takes_are_refused() {
    let small = idx(&[2, 4, 4], &[0; 32]);
    refused(&small, &two_labels(), &["images.idx", "16 bytes", "784"]);
    refused(&idx(&[2], &[0; 2]), &two_labels(), &["images.idx", "1 byte", "784"]);
}

#[test]
fn shapes_without_images_are_refused() {
    refused(&idx(&[0, 28, 28], &[]), &idx(&[0], &[]), &["images.idx"]);
    refused(&idx(&[2, 0, 28], &[]), &two_labels(), &["images.idx"]);
    refused(&idx(&[], &[7]), &idx(&[], &[7]), &["idx"]);
    // The product of these overflows, in any order of multiplication.
    refused(&idx(&[u32::MAX; 3], &[]), &two_labels(), &["images.idx"]);
    refused(&idx(&[0, u32::MAX, u32::MAX, u32::MAX], &[]), &idx(&[0], &[]), &["images.idx"]);
    refused(&idx(&[0; 255], &[]), &idx(&[0], &[]), &["images.idx"]);
}

#[test]
fn missing_files_and_folders_are_named() {
    let folder = folder();
    let (images, labels) = (file(&folder, "i", two_images()), file(&folder, "l", two_labels()));
    let missing = folder.path().join("missing").display().to_string();
    let itself = folder.path().display().to_string();
    let missing_file = (&missing, "No such file");
    for (images, labels, (bad, cause)) in [
        (&missing, &labels, missing_file),
        (&images, &missing, missing_file),
        (&images, &itself, (&itself, "directory")),
        // A folder, which would hold pictures.
        (&itself, &labels, (&itself, "holds no pictures")),
    ] {
        let line = campaign(1, 1, &folder.path().join("run"));
        let line = line.words(["--data", images, "--labels", labels]);
        line.is_refused(BAD_INPUT, &[bad, cause]);
    }
}

#[test]
fn more_images_than_the_files_hold_are_refused() {
    let folder = folder();
    let (images, labels) = (file(&folder, "i", two_images()), file(&folder, "l", two_labels()));
    let line = campaign(1, 3, &folder.path().join("run"));
    let line = line.words(["--data-images", &images, "--data-labels", &labels]);
    line.is_refused(BAD_INPUT, &["3 images", "2"]);
}

#[test]
fn a_label_beyond_the_classes_is_an_ordinary_wrong_answer() {
    with(&folder(), &two_images(), &idx(&[2], &[255, 255])).succeeds();
}

#[test]
fn firmware_with_one_byte_of_input_takes_images_of_one_byte() {
    let folder = folder();
    let elf = file(&folder, "firmware.elf", TinyElf::firmware().bytes());
    with(&folder, &idx(&[2], &[1, 2]), &two_labels()).words(["--elf", &elf]).succeeds();
}
