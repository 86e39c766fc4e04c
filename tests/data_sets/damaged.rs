//! Damaged files of every format are refused or read, and nothing else: cut anywhere, and 2,000 random mutations each.

use crate::arrays::{npy, npz};
use crate::folder::png;
use crate::gtsrb::ppm;
use crate::idx::{gzip, idx};
use crate::mutate::survives;
use crate::{cifar, with, write};
use std::path::{Path, PathBuf};
use stuckat::data::{DataSet, Format, Source, Split};
use tempfile::TempDir;

const CASES: u64 = 2000;

/// What may be read of a set is read.
fn read(source: &Source) -> bool {
    let Ok(set) = DataSet::load(source) else { return false };
    let bytes: usize = (0..set.count()).map(|i| set.image(i).len()).sum();
    assert!(bytes > 0 && set.label(set.count()).is_none());
    true
}

/// Cuts the file everywhere, if it is small, and mutates it; `source` leads to it. `cut_is_wrong`: no part of it is a sound file.
fn damage(folder: TempDir, file: PathBuf, source: Source, cut_is_wrong: bool) {
    let sound = std::fs::read(&file).expect("it was written");
    assert!(read(&source), "{}", DataSet::load(&source).expect_err("it is refused"));
    for cut in 0..sound.len().min(2500) {
        std::fs::write(&file, &sound[..cut]).expect("a file");
        assert!(!(read(&source) && cut_is_wrong), "cut after {cut} of {} bytes", sound.len());
    }
    survives(&sound, CASES, move |damaged| {
        let _ = &folder;
        std::fs::write(&file, damaged).expect("a file");
        read(&source);
    });
    // The largest whole set of these tests takes a fifth of it.
    if let Some(peak) = peak_kilobytes() {
        assert!(peak < 1 << 20, "{peak} kB of memory were used");
    }
}

/// The most memory that this process has had, where Linux tells it.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn one(name: &str, bytes: &[u8], format: Format) -> (TempDir, PathBuf, Source) {
    let folder = TempDir::new().expect("a folder");
    let file = write(folder.path(), name, bytes);
    let source = Source { record: Some(3), ..with(&file, format, Split::Test) };
    (folder, file, source)
}

#[test]
fn idx_files_plain_and_compressed() {
    let images = idx(&[3, 4, 4], &[9; 48]);
    for bytes in [gzip(&images), images] {
        let (folder, file, source) = one("images", &bytes, Format::Idx);
        damage(folder, file, source, true);
    }
}

#[test]
fn numpy_arrays() {
    for (descr, bytes) in [("|u1", 24), ("<f8", 192)] {
        let array = npy(descr, &[2, 4, 3], &vec![1; bytes]);
        let (folder, file, source) = one("a.npy", &array, Format::Npy);
        damage(folder, file, source, true);
    }
}

#[test]
fn numpy_archives() {
    let arrays = [
        ("images", npy("|u1", &[2, 4, 3], &[1; 24])),
        ("labels", npy("<i8", &[2], &[1; 2].map(i64::to_le_bytes).concat())),
    ];
    let (folder, file, source) = one("a.npz", &npz(&arrays), Format::Npz);
    damage(folder, file, source, true);
}

#[test]
fn packed_archives() {
    let files = [png([1, 2]), png([3, 4])];
    let (first, all) = (files[0].len() as u8, files.concat());
    let arrays = [
        ("blob", npy("|u1", &[all.len()], &all)),
        ("offset", npy("|u1", &[3], &[0, first, all.len() as u8])),
        ("label", npy("|u1", &[2], &[0, 1])),
    ];
    let (folder, file, source) = one("p.npz", &npz(&arrays), Format::Npz);
    damage(folder, file, source, true);
}

#[test]
fn cifar_batches() {
    let (ten, hundred) = (cifar::record(&[9], 0), cifar::record(&[3, 4], 0));
    for (bytes, format) in [(ten, Format::Cifar10), (hundred, Format::Cifar100)] {
        let (folder, file, source) = one("batch.bin", &bytes, format);
        damage(folder, file, source, true);
    }
}

#[test]
fn raw_records() {
    let (folder, file, source) = one("a.bin", &[7; 30], Format::Bin);
    // A multiple of three bytes is sound.
    damage(folder, file, source, false);
}

/// A folder with `name` in it.
fn inside(name: &str, bytes: &[u8], fill: impl Fn(&Path)) -> (TempDir, PathBuf, Source) {
    let folder = TempDir::new().expect("a folder");
    fill(folder.path());
    let file = write(folder.path(), name, bytes);
    let source = Source { crop: true, ..Source::new(folder.path()) };
    (folder, file, source)
}

#[test]
fn tables_and_photographs_of_gtsrb() {
    let table = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\n0.ppm;5;4;1;1;4;3;16\n1.ppm;5;4;1;1;4;3;2\n";
    let name = "Final_Test/Images/GT-final_test.csv";
    let (folder, file, source) = inside(name, table.as_bytes(), |root| {
        for i in 0..2 {
            write(root, &format!("Final_Test/Images/{i}.ppm"), ppm(4, 5, 1));
        }
    });
    damage(folder, file, source, false);
    let (folder, file, source) = inside("Final_Test/Images/0.ppm", &ppm(4, 5, 1), |root| {
        write(root, name, table.replace("1.ppm;5;4;1;1;4;3;2\n", ""));
    });
    damage(folder, file, source, true);
}

#[test]
fn tables_and_pictures_in_folders() {
    let pictures = |root: &Path| {
        for i in 0..2 {
            write(root, &format!("{i}.png"), png([1, 2]));
        }
    };
    let table = "name,label\n0.png,\"1\"\n1.png,2\n";
    let (folder, file, source) = inside("labels.csv", table.as_bytes(), pictures);
    damage(folder, file, source, false);
    for (name, bytes) in pictures_of_every_kind() {
        let (folder, file, source) = inside(name, &bytes, |_| ());
        damage(folder, file, source, false);
    }
}

fn pictures_of_every_kind() -> [(&'static str, Vec<u8>); 4] {
    let encoded = |format| {
        let mut file = std::io::Cursor::new(Vec::new());
        let pixels: Vec<u8> = (0..192).collect();
        image::write_buffer_with_format(
            &mut file,
            &pixels,
            8,
            8,
            image::ExtendedColorType::Rgb8,
            format,
        )
        .expect("memory takes everything");
        file.into_inner()
    };
    [
        ("a.png", encoded(image::ImageFormat::Png)),
        ("a.jpg", encoded(image::ImageFormat::Jpeg)),
        ("a.webp", encoded(image::ImageFormat::WebP)),
        ("a.ppm", ppm(8, 8, 1)),
    ]
}

#[test]
fn labels_of_every_form() {
    for labels in [
        b"label\n1\n2\n3\n".to_vec(),
        npy("<u2", &[3, 1], &[1, 0, 2, 0, 3, 0]),
        gzip(&idx(&[3], &[1, 2, 3])),
    ] {
        let folder = TempDir::new().expect("a folder");
        let images = write(folder.path(), "images", idx(&[3, 4, 4], &[9; 48]));
        let file = write(folder.path(), "labels", labels);
        let source = Source { labels: Some(file.clone()), ..Source::new(images) };
        damage(folder, file, source, false);
    }
}
