//! NumPy arrays and archives.

use crate::{common, labels, load, refused, with, write};
use std::io::Write;
use stuckat::campaign::images::Images;
use stuckat::data::picture::Size;
use stuckat::data::{DataSet, Element, Format, Shape, Source, Split};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

/// A `.npy` file, version 1.0, as numpy.lib.format describes it.
pub fn npy(descr: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let extents: Vec<String> = shape.iter().map(|n| format!("{n},")).collect();
    let mut header = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}",
        extents.join(" ")
    );
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), data].concat()
}

/// A `.npz` file of these arrays, deflated.
pub fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, array) in arrays {
        zip.start_file(format!("{name}.npy"), SimpleFileOptions::default()).expect("a member");
        zip.write_all(array).expect("memory takes everything");
    }
    zip.finish().expect("memory takes everything").into_inner()
}

fn colour(height: usize, width: usize) -> Shape {
    Shape::Picture(Size { height, width, channels: 3 })
}

#[test]
fn the_shared_archives_are_read_as_numpy_reads_them() {
    let Some(data) = common::shared("data") else { return };
    // By NumPy 2: the first labels, and sha256(images.tobytes() + labels.tobytes()).
    for (name, first, sha256) in [
        (
            "cifar10_test_2000.npz",
            [0, 0, 0, 0, 0, 0],
            "c398cbc26df31ead4605fb39fa8e9adc975644274d6f0072a89888a9bc8e3b1b",
        ),
        (
            "gtsrb_test_2000.npz",
            [38, 12, 21, 27, 4, 13],
            "66df7e07322906c5bd5ff8b92bbff9b39d7e1e29165dd796454380d0081fd577",
        ),
    ] {
        let set = load(&data.join(name)).expect("it is sound");
        assert_eq!((set.count(), set.shape(), set.format()), (2000, &colour(32, 32), Format::Npz));
        assert_eq!(labels(&set).expect("it has labels")[..6], first, "{name}");
        assert_eq!(set.sha256(), sha256, "{name}");
    }
}

#[test]
fn the_shared_packed_archive_of_webp_files_is_decoded_as_pillow_decodes_it() {
    let Some(data) = common::shared("data") else { return };
    let set = load(&data.join("gtsrb_train_webp.npz")).expect("it is sound");
    assert_eq!((set.count(), set.shape()), (39_209, &colour(32, 32)));
    // Pillow 13: SHA-256 of every picture, converted to RGB, and of the labels as bytes. The files are lossless.
    assert_eq!(set.sha256(), "9b1ee37a6b608e4665eb3d5e7719a2201403e88423dd28c8d8bf6fe57fd0f8b6");
}

#[test]
fn the_shared_packed_archive_of_jpeg_files_is_decoded() {
    let Some(data) = common::shared("data") else { return };
    let set = load(&data.join("cifar10_train_jpeg.npz")).expect("it is sound");
    assert_eq!((set.count(), set.shape()), (50_000, &colour(32, 32)));
    let mut classes = [0; 10];
    labels(&set).expect("it has labels").iter().for_each(|label| classes[usize::from(*label)] += 1);
    // Krizhevsky: 5,000 training images of each class.
    assert_eq!(classes, [5000; 10]);
}

#[test]
fn the_shared_tensors_are_taken_as_they_are() {
    let Some(data) = common::shared("data") else { return };
    let set = load(&data.join("sample_kws_int8.npy")).expect("it is sound");
    assert_eq!((set.count(), set.element()), (12, Element::Int8));
    assert_eq!(set.shape(), &Shape::Array(vec![49, 10, 1]));
    let whole = std::fs::read(data.join("sample_kws_int8.npy")).expect("it is there");
    let bytes: Vec<u8> = (0..12).flat_map(|i| set.image(i).to_vec()).collect();
    // What stands after the header of 128 bytes.
    assert_eq!(bytes, whole[128..]);
    let images = Images::for_bytes(set).expect("numbers of 8 bits are bytes");
    assert_eq!((images.bytes_each(), images.label(0)), (490, None));
    assert_eq!(images.input(1), whole[128 + 490..128 + 980]);
}

#[test]
fn pixels_in_any_order_of_extents_become_pictures() {
    let folder = TempDir::new().expect("a folder");
    let bytes: Vec<u8> = (0..24).collect();
    let read = |shape: &[usize]| {
        load(&write(folder.path(), "x.npy", npy("|u1", shape, &bytes))).expect("sound")
    };
    let gray = read(&[2, 3, 4]);
    assert_eq!(gray.shape(), &Shape::Picture(Size { height: 3, width: 4, channels: 1 }));
    let last = read(&[1, 2, 4, 3]);
    assert_eq!((last.shape(), last.image(0), last.notes().len()), (&colour(2, 4), &bytes[..], 0));
    // Channel c of pixel p is 8 c + p.
    let first = read(&[1, 3, 4, 2]);
    assert_eq!((first.shape(), &first.image(0)[..6]), (&colour(4, 2), &[0, 8, 16, 1, 9, 17][..]));
    assert!(first.notes()[0].contains("[3, 4, 2] are taken as channels, height, width"));
    let either = read(&[1, 1, 8, 3]);
    assert_eq!((either.shape(), either.image(0)), (&colour(1, 8), &bytes[..]));
    assert!(either.notes()[0].contains("height, width, channels"));
    assert_eq!(read(&[2, 12]).shape(), &Shape::Array(vec![12]));
    assert_eq!(read(&[2, 2, 3, 2]).shape(), &Shape::Array(vec![2, 3, 2]));
}

#[test]
fn real_numbers_are_kept_and_must_be_finite() {
    let folder = TempDir::new().expect("a folder");
    let bytes: Vec<u8> =
        [0.5_f32, -1.0, 2.0, f32::NAN].iter().flat_map(|x| x.to_be_bytes()).collect();
    let set =
        load(&write(folder.path(), "x.npy", npy(">f4", &[3, 1], &bytes[..12]))).expect("sound");
    assert_eq!((set.element(), set.image(1)), (Element::Float32, &(-1.0_f32).to_le_bytes()[..]));
    let file = write(folder.path(), "x.npy", npy(">f4", &[2, 2], &bytes));
    refused(&Source::new(file), &["element 1 of image 1 is no finite number"]);
}

fn pixels(images: usize, first: u8) -> Vec<u8> {
    npy("|u1", &[images, 1, 2], &(first..first + 2 * images as u8).collect::<Vec<_>>())
}

#[test]
fn arrays_are_found_under_their_usual_names() {
    let folder = TempDir::new().expect("a folder");
    let two = || npy("<i4", &[2, 1], &[7, 0, 0, 0, 1, 1, 0, 0]);
    for (images, label) in [
        ("images", "labels"),
        ("x", "y"),
        ("X", "Y"),
        ("data", "labels"),
        ("arr_0", "arr_1"),
        ("x_test", "y_test"),
        ("test_images", "test_labels"),
    ] {
        let file = npz(&[("other", pixels(1, 0)), (label, two()), (images, pixels(2, 5))]);
        let set = load(&write(folder.path(), "set.npz", file)).expect("sound");
        assert_eq!(labels(&set), Some(vec![7, 257]), "{images}");
        assert_eq!((set.image(0), set.image(1)), (&[5, 6][..], &[7, 8][..]), "{images}");
    }
    // One array of any name, and no labels.
    let file = write(folder.path(), "one.npz", npz(&[("anything", pixels(2, 5))]));
    assert_eq!(labels(&load(&file).expect("sound")), None);
}

#[test]
fn the_parts_of_an_archive_are_chosen_and_joined() {
    let folder = TempDir::new().expect("a folder");
    let (test, train) = (npy("|u1", &[1], &[9]), npy("|u1", &[2], &[1, 2]));
    let file = npz(&[
        ("x_test", pixels(1, 50)),
        ("y_test", test),
        ("x_train", pixels(2, 0)),
        ("y_train", train.clone()),
    ]);
    let file = write(folder.path(), "mnist.npz", file);
    let part = |split| DataSet::load(&with(&file, Format::Auto, split)).expect("sound");
    assert_eq!(
        (labels(&part(Split::Test)), part(Split::Test).image(0)),
        (Some(vec![9]), &[50, 51][..])
    );
    assert_eq!(labels(&part(Split::Train)), Some(vec![1, 2]));
    let all = part(Split::All);
    assert_eq!((labels(&all), all.image(2)), (Some(vec![1, 2, 9]), &[50, 51][..]));
    let half = npz(&[("x_train", pixels(2, 0)), ("y_train", train)]);
    let half = write(folder.path(), "half.npz", half);
    refused(&Source::new(half), &["half.npz", "no test images", "--split train"]);
}

#[test]
fn what_is_wrong_with_arrays_is_said_with_file_and_array() {
    let folder = TempDir::new().expect("a folder");
    let labelled = |labels: Vec<u8>| npz(&[("images", pixels(2, 0)), ("labels", labels)]);
    for (bytes, parts) in [
        (labelled(npy("|u1", &[3], &[1, 2, 3])), &["array 'labels'", "[3] for 2 images"][..]),
        (labelled(npy("|u1", &[2, 3], &[0; 6])), &["array 'labels'", "argmax"]),
        (labelled(npy("<f4", &[2], &[0; 8])), &["array 'labels'", "float32", "astype"]),
        (labelled(npy("|i1", &[2], &[0, 255])), &["array 'labels'", "label 1 is -1"]),
        (labelled(npy("<i4", &[2], &[0, 0, 1, 0, 0, 0, 0, 0])), &["label 0 is 65536"]),
        (npz(&[("images", npy("<i4", &[1, 1], &[0; 4]))]), &["int32", "astype('uint8')"]),
        (npz(&[("images", npy("|u1", &[], &[0]))]), &["no images"]),
        (npz(&[("images", npy("|u1", &[0, 4], &[]))]), &["0 images"]),
        (
            npz(&[("a", pixels(1, 0)), ("b", pixels(1, 0))]),
            &["it holds a, b", "'images'", "x_test"],
        ),
        (npz(&[]), &["no arrays"]),
        (npz(&[("images", b"text".to_vec())]), &["array 'images'", "NUMPY"]),
        (b"PK\x03\x04 and no more".to_vec(), &["not a sound .npz file"]),
    ] {
        let file = write(folder.path(), "set.npz", bytes);
        refused(&Source::new(file), parts);
    }
    let fortran = npy("|u1", &[1, 2], &[0, 0]);
    let fortran = String::from_utf8_lossy(&fortran).replace("False,", "True, ");
    let fortran = [b"\x93", fortran.trim_start_matches('\u{fffd}').as_bytes()].concat();
    refused(&Source::new(write(folder.path(), "f.npy", fortran)), &["f.npy", "ascontiguousarray"]);
    let short = &pixels(2, 0)[..131];
    refused(&Source::new(write(folder.path(), "s.npy", short)), &["s.npy", "3 data bytes"]);
}

#[test]
fn what_is_wrong_with_a_packed_archive_is_said_with_its_place() {
    let folder = TempDir::new().expect("a folder");
    let picture = crate::folder::png([3, 4]);
    let size = picture.len() as u8;
    let packed = |blob: &[u8], offsets: &[u8]| {
        npz(&[
            ("blob", npy("|u1", &[blob.len()], blob)),
            ("offset", npy("|u1", &[offsets.len()], offsets)),
            ("label", npy("|u1", &[1], &[6])),
        ])
    };
    let set = write(folder.path(), "p.npz", packed(&picture, &[0, size]));
    let set = load(&set).expect("sound");
    assert_eq!((set.image(0), labels(&set)), (&[3, 4][..], Some(vec![6])));
    for (blob, offsets, parts) in [
        (&picture[..], &[0, size - 1][..], &["array 'offset'", "do not divide"][..]),
        (&picture, &[1, size], &["array 'offset'"]),
        (&picture, &[0, 20, 10, size], &["array 'offset'"]),
        (&picture, &[0, 20, size], &["array 'label'", "2 images"]),
        (&picture, &[], &["array 'offset'"]),
        (&picture[..50], &[0, 50], &["image 0, at byte 0", "decoded"]),
    ] {
        let file = write(folder.path(), "p.npz", packed(blob, offsets));
        refused(&Source::new(file), parts);
    }
}
