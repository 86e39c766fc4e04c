//! CIFAR-10 and CIFAR-100, binary version.

use crate::{labels, load, refused, with, write};
use std::path::Path;
use stuckat::data::picture::Size;
use stuckat::data::{DataSet, Format, Shape, Source, Split};
use tempfile::TempDir;

/// A record: labels, then the planes of red, green and blue; pixel `p` is (p mod 251, p mod 241, p mod 239 + `seed`).
pub fn record(labels: &[u8], seed: u8) -> Vec<u8> {
    let mut bytes = labels.to_vec();
    for (modulus, add) in [(251, 0), (241, 0), (239, seed)] {
        bytes.extend((0..1024_u32).map(|p| ((p % modulus) as u8).wrapping_add(add)));
    }
    bytes
}

fn ten(folder: &Path) {
    for batch in 1..=5 {
        write(folder, &format!("data_batch_{batch}.bin"), record(&[batch], batch));
    }
    write(folder, "test_batch.bin", [record(&[9], 0), record(&[0], 7)].concat());
}

#[test]
fn cifar_10_is_read_from_its_folder_the_one_around_it_and_a_file() {
    let folder = TempDir::new().expect("a folder");
    let inner = folder.path().join("cifar-10-batches-bin");
    ten(&inner);
    let names = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";
    write(&inner, "batches.meta.txt", names);
    for place in [folder.path(), &inner, &inner.join("test_batch.bin")] {
        let set = load(place).expect("sound");
        let size = Size { height: 32, width: 32, channels: 3 };
        assert_eq!((set.format(), set.shape()), (Format::Cifar10, &Shape::Picture(size)));
        assert_eq!(labels(&set), Some(vec![9, 0]));
        // Row 31, column 30 of the second image is pixel 1022: 1022 - 4 * 251, - 4 * 241, - 4 * 239 + 7.
        assert_eq!(set.image(1)[3 * 1022..3 * 1023], [18, 58, 73]);
        assert_eq!(set.class_names().expect("there are names")[9], "truck");
    }
    let part = |split| DataSet::load(&with(folder.path(), Format::Cifar10, split)).expect("sound");
    assert_eq!(labels(&part(Split::Train)), Some(vec![1, 2, 3, 4, 5]));
    assert_eq!(labels(&part(Split::All)), Some(vec![1, 2, 3, 4, 5, 9, 0]));
}

#[test]
fn cifar_100_has_fine_and_coarse_labels() {
    let folder = TempDir::new().expect("a folder");
    let file =
        write(folder.path(), "test.bin", [record(&[19, 99], 0), record(&[3, 4], 1)].concat());
    let coarse: String = (0..20).map(|i| format!("group {i}\n")).collect();
    write(folder.path(), "coarse_label_names.txt", coarse);
    for place in [folder.path(), &file] {
        let fine = load(place).expect("sound");
        assert_eq!((fine.format(), fine.count()), (Format::Cifar100, 2));
        assert_eq!((labels(&fine), fine.class_names()), (Some(vec![99, 4]), None));
        let set = DataSet::load(&Source { coarse: true, ..Source::new(place) }).expect("sound");
        assert_eq!(labels(&set), Some(vec![19, 3]));
        assert_eq!(set.class_names().expect("there are names")[19], "group 19");
        assert_eq!(set.image(0), fine.image(0));
    }
}

#[test]
fn what_is_wrong_with_batches_is_said_with_its_place() {
    let folder = TempDir::new().expect("a folder");
    ten(folder.path());
    let all = Source::new(folder.path());
    let mut batch = [record(&[9], 0), record(&[10], 0)].concat();
    write(folder.path(), "test_batch.bin", &batch);
    refused(&all, &["test_batch.bin", "label 10 in record 1, at byte 3073", "0 to 9"]);
    batch.pop();
    write(folder.path(), "test_batch.bin", &batch);
    refused(&all, &["test_batch.bin", "6145 bytes", "3073"]);
    std::fs::remove_file(folder.path().join("data_batch_3.bin")).expect("it is there");
    refused(&with(folder.path(), Format::Auto, Split::Train), &["data_batch_3.bin is missing"]);
    write(folder.path(), "test_batch.bin", record(&[9], 0));
    write(folder.path(), "batches.meta.txt", "cat\n");
    refused(&all, &["batches.meta.txt", "1 classes instead of 10"]);
}

#[test]
fn the_python_version_is_refused_with_the_remedy() {
    for format in [Format::Auto, Format::Cifar10] {
        let folder = TempDir::new().expect("a folder");
        write(folder.path(), "cifar-10-batches-py/test_batch", b"\x80\x02}q\x01(");
        refused(&with(folder.path(), format, Split::Test), &["Python", "binary version"]);
        refused(
            &with(&folder.path().join("cifar-10-batches-py"), format, Split::Test),
            &["binary version"],
        );
    }
    let folder = TempDir::new().expect("a folder");
    refused(
        &with(folder.path(), Format::Cifar100, Split::Test),
        &["no file of cifar100", "test.bin"],
    );
}
