//! IDX files and folders of them.

use crate::{labels, load, refused, with, write};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use stuckat::data::picture::Size;
use stuckat::data::{DataSet, Element, Format, Shape, Source, Split};
use tempfile::TempDir;

/// An IDX file of unsigned bytes, as LeCun describes it.
pub fn idx(shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|n| n.to_be_bytes()));
    bytes.extend(data);
    bytes
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

/// Two images of 2 x 3 pixels, `first` to `first + 11`.
fn images(first: u8) -> Vec<u8> {
    idx(&[2, 2, 3], &(first..first + 12).collect::<Vec<_>>())
}

#[test]
fn the_published_names_of_every_mirror_are_found_in_a_folder() {
    let all = [
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", ""),
        ("t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte", ""),
        ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz", ""),
        (
            "emnist-letters-test-images-idx3-ubyte.gz",
            "emnist-letters-test-labels-idx1-ubyte.gz",
            "",
        ),
        ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz", "MNIST/raw/"),
    ];
    for (image_name, label_name, inner) in all {
        let folder = TempDir::new().expect("a folder");
        let put = |name: &str, bytes: Vec<u8>| {
            let bytes = if name.ends_with(".gz") { gzip(&bytes) } else { bytes };
            write(folder.path(), &format!("{inner}{name}"), bytes)
        };
        let file = put(image_name, images(0));
        put(label_name, idx(&[2], &[7, 9]));
        // Both the folder and the file alone, whose labels lie beside it.
        for place in [folder.path(), &file] {
            let set = load(place).expect("it is sound");
            let size = Size { height: 2, width: 3, channels: 1 };
            assert_eq!(set.shape(), &Shape::Picture(size));
            assert_eq!((set.format(), set.element()), (Format::Idx, Element::Pixel));
            assert_eq!(labels(&set), Some(vec![7, 9]), "{image_name}");
            assert_eq!(
                (set.image(0), set.image(1)),
                (&[0, 1, 2, 3, 4, 5][..], &[6, 7, 8, 9, 10, 11][..])
            );
            assert_eq!((set.name(1), set.class_names()), ("1".into(), None));
        }
    }
}

#[test]
fn the_parts_are_chosen_and_joined() {
    let folder = TempDir::new().expect("a folder");
    let put = |name: &str, bytes: Vec<u8>| write(folder.path(), name, bytes);
    put("train-images-idx3-ubyte", images(0));
    put("train-labels-idx1-ubyte", idx(&[2], &[1, 2]));
    let part = |split| DataSet::load(&with(folder.path(), Format::Auto, split));
    refused(&Source::new(folder.path()), &["no IDX file with test images", "--split"]);
    put("t10k-images-idx3-ubyte", images(100));
    put("t10k-labels-idx1-ubyte", idx(&[2], &[3, 4]));
    assert_eq!(labels(&part(Split::Test).expect("sound")), Some(vec![3, 4]));
    assert_eq!(part(Split::Train).expect("sound").image(0)[0], 0);
    let all = part(Split::All).expect("sound");
    assert_eq!((labels(&all), all.image(3)[5]), (Some(vec![1, 2, 3, 4]), 111));
    put("emnist-test-images-idx3-ubyte.gz", gzip(&images(0)));
    refused(
        &Source::new(folder.path()),
        &["several files hold test images", "emnist-test", "t10k"],
    );
}

#[test]
fn images_without_labels_have_none_and_labels_may_be_given_in_other_forms() {
    let folder = TempDir::new().expect("a folder");
    let file = write(folder.path(), "pictures.idx", images(0));
    assert_eq!(labels(&load(&file).expect("sound")), None);
    for (name, bytes) in [
        ("labels.txt", b"label\n5\n300\n".to_vec()),
        (
            "labels.npy",
            crate::arrays::npy(
                "<i8",
                &[2, 1],
                &[5_i64.to_le_bytes(), 300_i64.to_le_bytes()].concat(),
            ),
        ),
    ] {
        let with = Source { labels: Some(write(folder.path(), name, bytes)), ..Source::new(&file) };
        assert_eq!(labels(&DataSet::load(&with).expect("sound")), Some(vec![5, 300]), "{name}");
    }
    for (text, parts) in [
        ("5\n", &["1 labels for 2 images"][..]),
        ("5\ncat\n", &["labels.txt:2", "'cat' is no label"]),
        ("5\n65536\n", &["labels.txt:2", "65535"]),
        ("", &["no text with a label a line"]),
    ] {
        let with =
            Source { labels: Some(write(folder.path(), "labels.txt", text)), ..Source::new(&file) };
        refused(&with, parts);
    }
}

#[test]
fn a_compressed_file_that_unpacks_to_far_more_than_its_header_says_is_not_unpacked() {
    let folder = TempDir::new().expect("a folder");
    // A megabyte of zeros after two images; and a header that promises 4 GiB.
    let long = [images(0), vec![0; 1 << 20]].concat();
    refused(&Source::new(write(folder.path(), "a.gz", gzip(&long))), &["does not fit"]);
    let wide = idx(&[65536, 256, 256], &[0; 100]);
    refused(&Source::new(write(folder.path(), "b.gz", gzip(&wide))), &["does not fit"]);
}

#[test]
fn what_is_known_to_be_something_else_is_named() {
    let folder = TempDir::new().expect("a folder");
    for (name, bytes, part) in [
        ("cat.png", &b"\x89PNG\r\n\x1a\n"[..], "folder that holds it"),
        ("data.h5", b"\x89HDF\r\n\x1a\n", "HDF5"),
        ("data.parquet", b"PAR1abcd", "Parquet"),
        ("test_batch", b"\x80\x02}q\x01(", "pickle"),
        ("notes", b"Some text", "not an IDX file"),
    ] {
        refused(&Source::new(write(folder.path(), name, bytes)), &[name, part]);
    }
    let missing = folder.path().join("missing");
    for format in Format::ALL {
        refused(&Source { record: Some(1), ..with(&missing, format, Split::Test) }, &["missing"]);
    }
}
