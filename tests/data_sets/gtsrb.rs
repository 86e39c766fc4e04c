//! GTSRB's folders and tables.

use crate::{labels, load, refused, with, write};
use std::path::Path;
use stuckat::data::picture::Size;
use stuckat::data::{DataSet, Format, Shape, Source, Split};
use tempfile::TempDir;

const HEADING: &str = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId\r\n";

/// A binary PPM file (Netpbm's P6) whose pixel in row y and column x is (10 y + x, `blue`, y).
pub fn ppm(height: u8, width: u8, green: u8) -> Vec<u8> {
    let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| [10 * y + x, green, y]));
    let header = format!("P6\n{width} {height}\n255\n");
    header.into_bytes().into_iter().chain(pixels).collect()
}

fn benchmark(root: &Path) {
    write(root, "Final_Test/Images/00000.ppm", ppm(4, 5, 1));
    write(root, "Final_Test/Images/00001.ppm", ppm(6, 6, 2));
    let table = format!("{HEADING}00000.ppm;5;4;1;1;4;3;16\r\n00001.ppm;6;6;0;0;6;6;1\r\n");
    write(root, "Final_Test/Images/GT-final_test.csv", table);
    for (class, files) in [("00000", 1), ("00042", 2)] {
        let mut table = HEADING.to_owned();
        for i in 0..files {
            write(root, &format!("Final_Training/Images/{class}/0000{i}_00000.ppm"), ppm(5, 5, i));
            table +=
                &format!("0000{i}_00000.ppm;5;5;0;0;5;5;{}\r\n", class.trim_start_matches("000"));
        }
        let table = table.replace(";00\r", ";0\r");
        write(root, &format!("Final_Training/Images/{class}/GT-{class}.csv"), table);
    }
}

#[test]
fn photographs_of_several_sizes_are_read_with_their_classes() {
    let folder = TempDir::new().expect("a folder");
    benchmark(&folder.path().join("GTSRB"));
    for place in [folder.path().to_owned(), folder.path().join("GTSRB")] {
        let set = load(&place).expect("sound");
        assert_eq!((set.format(), set.shape()), (Format::Gtsrb, &Shape::Mixed));
        assert_eq!(labels(&set), Some(vec![16, 1]));
        assert_eq!(set.size(0), Some(Size { height: 4, width: 5, channels: 3 }));
        // Row 3, column 4 of the first; row 5, column 5 of the second.
        assert_eq!((&set.image(0)[57..], &set.image(1)[105..]), (&[34, 1, 3][..], &[55, 2, 5][..]));
        assert_eq!(set.name(1), "Final_Test/Images/00001.ppm");
    }
    let part = |split| DataSet::load(&with(folder.path(), Format::Auto, split)).expect("sound");
    let train = part(Split::Train);
    assert_eq!(labels(&train), Some(vec![0, 42, 42]));
    assert_eq!(train.shape(), &Shape::Picture(Size { height: 5, width: 5, channels: 3 }));
    assert_eq!(labels(&part(Split::All)), Some(vec![0, 42, 42, 16, 1]));
}

#[test]
fn the_region_of_interest_can_be_cut_out() {
    let folder = TempDir::new().expect("a folder");
    benchmark(folder.path());
    let set = DataSet::load(&Source { crop: true, ..Source::new(folder.path()) }).expect("sound");
    // Columns 1 to 3 and rows 1 and 2: red is 10 y + x.
    assert_eq!(set.size(0), Some(Size { height: 2, width: 3, channels: 3 }));
    let red: Vec<u8> = set.image(0).iter().step_by(3).copied().collect();
    assert_eq!(red, [11, 12, 13, 21, 22, 23]);
    let table = folder.path().join("Final_Test/Images/GT-final_test.csv");
    for roi in ["1;1;6;3", "1;1;4;5", "4;1;4;3"] {
        std::fs::write(&table, format!("{HEADING}00000.ppm;5;4;{roi};16\n")).expect("a file");
        let cropped = Source { crop: true, ..Source::new(folder.path()) };
        refused(&cropped, &["GT-final_test.csv:2", "not inside the photograph of 4 x 5"]);
        assert!(load(folder.path()).is_ok(), "whole photographs need no region");
    }
}

#[test]
fn what_is_wrong_with_a_table_is_said_with_its_line() {
    let folder = TempDir::new().expect("a folder");
    benchmark(folder.path());
    let table = folder.path().join("Final_Test/Images/GT-final_test.csv");
    let row = "00000.ppm;5;4;1;1;4;3;16\n";
    for (text, parts) in [
        (format!("{HEADING}{row}00009.ppm;5;4;1;1;4;3;16\n"), &[":3", "00009.ppm", "missing"][..]),
        (format!("{HEADING}../secret.ppm;5;4;1;1;4;3;16\n"), &[":2", "no name of a file"]),
        (format!("{HEADING}{row}\n00001.ppm;5;4;1;1;4;3;43\n"), &[":4", "ClassId 43", "0 to 42"]),
        (format!("{HEADING}00000.ppm;5;4;1;1;4;x;16\n"), &[":2", "'x' is no number for Roi.Y2"]),
        (format!("{HEADING}00000.ppm;5;4;1;1\n"), &[":2", "is no number"]),
        ("Filename;Width;Height\n".to_owned(), &["no column 'ClassId'", "Filename;Width"]),
        (HEADING.to_owned(), &["holds no picture"]),
        (String::new(), &["no column 'Filename'"]),
    ] {
        std::fs::write(&table, text).expect("a file");
        refused(&Source::new(folder.path()), parts);
    }
    std::fs::remove_file(&table).expect("it is there");
    refused(&Source::new(folder.path()), &["GT-final_test.csv is missing", "GT.zip"]);
    std::fs::remove_dir_all(folder.path().join("Final_Test")).expect("it is there");
    refused(&Source::new(folder.path()), &["no Final_Test/Images", "--split"]);
    let photograph = folder.path().join("Final_Training/Images/00042/00001_00000.ppm");
    std::fs::write(&photograph, "P6\n5 5\n255\nshort").expect("a file");
    refused(
        &with(folder.path(), Format::Auto, Split::Train),
        &["00001_00000.ppm", "cannot be decoded"],
    );
}
