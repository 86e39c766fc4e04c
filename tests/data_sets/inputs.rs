//! Data sets as inputs of firmware and networks.

use crate::arrays::npy;
use crate::gtsrb::ppm;
use crate::{load, write};
use stuckat::campaign::images::Images;
use stuckat::data::{DataSet, Source};
use stuckat::model::input::{Options, Pixels, read};
use stuckat::model::{Quantisation, Tensor, Type};
use tempfile::TempDir;

fn tensor(shape: &[usize], kind: Type, scale: f32, zero_point: i64) -> Tensor {
    let quantisation = (kind != Type::F32).then_some(Quantisation { scale, zero_point });
    Tensor { name: "x".into(), shape: shape.to_vec(), kind, quantisation, constant: false }
}

fn int8(shape: &[usize]) -> Tensor {
    tensor(shape, Type::I8, 1.0 / 255.0, -128)
}

/// A set of one array.
fn set(descr: &str, shape: &[usize], data: &[u8]) -> DataSet {
    let folder = TempDir::new().expect("a folder");
    load(&write(folder.path(), "x.npy", npy(descr, shape, data))).expect("sound")
}

fn input(set: DataSet, tensor: &Tensor) -> Result<Vec<u8>, String> {
    let images = Images::for_model(set, tensor, None, false).map_err(|e| e.to_string())?;
    assert_eq!(Some(images.bytes_each()), tensor.bytes());
    Ok(images.input(0))
}

#[track_caller]
fn refused(found: Result<Vec<u8>, String>, parts: &[&str]) {
    let error = found.expect_err("it should be refused");
    assert!(parts.iter().all(|part| error.contains(part)), "{error}");
}

#[test]
fn plain_firmware_gets_pixels_less_128_and_numbers_as_they_are() {
    let images =
        Images::for_bytes(set("|u1", &[2, 3], &[0, 1, 127, 128, 254, 255])).expect("they fit");
    let int8 = |i| images.input(i).iter().map(|b| b.cast_signed()).collect::<Vec<_>>();
    assert_eq!((int8(0), int8(1)), (vec![-128, -127, -1], vec![0, 126, 127]));
    let numbers = Images::for_bytes(set("|i1", &[1, 2], &[0x80, 5])).expect("they fit");
    assert_eq!((numbers.input(0), numbers.bytes_each(), numbers.count()), (vec![0x80, 5], 2, 1));
    assert!(
        numbers.conversion().contains("as they are") && images.conversion().contains("pixel - 128")
    );
    let reals = Images::for_bytes(set("<f4", &[1, 1], &[0; 4])).expect_err("it has no meaning");
    assert!(reals.to_string().contains("float32 numbers"), "{reals}");
}

#[test]
fn a_picture_becomes_the_input_that_infer_makes_of_it() {
    let folder = TempDir::new().expect("a folder");
    let file = ppm(5, 7, 100);
    write(folder.path(), "a.ppm", &file);
    write(folder.path(), "b.ppm", ppm(4, 4, 50));
    for (tensor, pixels) in [
        (int8(&[1, 4, 4, 3]), None),
        (int8(&[1, 4, 4, 1]), None),
        (int8(&[1, 4, 4]), None),
        (tensor(&[1, 3, 9, 3], Type::U8, 1.0, 0), None),
        (tensor(&[1, 2, 2, 3], Type::F32, 0.0, 0), Some(Pixels::Symmetric)),
        (tensor(&[1, 2, 2, 3], Type::I8, 0.3, 5), Some(Pixels::Byte)),
    ] {
        let set = load(folder.path()).expect("sound");
        let images = Images::for_model(set, &tensor, pixels, true).expect("they are scaled");
        let options = Options { pixels, resize: true, index: 0 };
        let one = read("a.ppm", &file, &tensor, options).expect("it is a picture");
        assert_eq!((images.input(0), images.bytes_each()), (one, tensor.bytes().expect("known")));
    }
}

#[test]
fn pictures_are_scaled_as_by_pillow() {
    // Pillow 13.0.0, Image.resize((width, height), BILINEAR), of the pixels below.
    let smaller: [[u8; 8]; 6] = [
        [56, 119, 137, 122, 124, 139, 127, 132],
        [123, 124, 119, 133, 119, 129, 125, 147],
        [127, 122, 124, 126, 132, 128, 117, 141],
        [121, 122, 117, 119, 141, 113, 142, 119],
        [125, 125, 121, 138, 119, 137, 130, 131],
        [123, 128, 138, 121, 127, 122, 124, 127],
    ];
    let larger: [[u8; 10]; 6] = [
        [0, 2, 5, 12, 22, 34, 49, 68, 90, 108],
        [4, 8, 16, 26, 39, 56, 75, 97, 122, 143],
        [14, 21, 33, 47, 65, 85, 108, 135, 164, 188],
        [30, 41, 57, 75, 97, 121, 148, 179, 164, 133],
        [54, 68, 88, 110, 136, 165, 192, 182, 117, 42],
        [80, 97, 120, 146, 176, 208, 230, 89, 66, 100],
    ];
    let scaled = |height: usize, width: usize, to: &[usize]| {
        let pixel = |at: usize| {
            let (y, x) = (at / width, at % width);
            ((3 * x * x + 5 * y * y + 7 * x * y) % 256) as u8
        };
        let pixels: Vec<u8> = (0..height * width).map(pixel).collect();
        let tensor = tensor(to, Type::U8, 1.0, 0);
        let set = set("|u1", &[1, height, width], &pixels);
        Images::for_model(set, &tensor, None, true).expect("they are scaled").input(0)
    };
    for (found, expected) in [
        (scaled(23, 29, &[1, 6, 8, 1]), smaller.concat()),
        (scaled(5, 7, &[1, 6, 10, 1]), larger.concat()),
    ] {
        let differ = found.iter().zip(&expected).filter(|(a, b)| a != b).count();
        let most = found.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(found.len() == expected.len() && most <= Some(1) && differ <= 1, "{found:?}");
    }
}

#[test]
fn arrays_fit_a_network_by_their_extents() {
    let pixels: Vec<u8> = (0..12).collect();
    let less: Vec<u8> = pixels.iter().map(|pixel| pixel.wrapping_sub(128)).collect();
    let take = |shape: &[usize], of: &[usize]| input(set("|u1", shape, &pixels), &int8(of));
    assert_eq!(take(&[1, 2, 2, 3], &[1, 2, 2, 3]).as_ref(), Ok(&less));
    assert_eq!(take(&[1, 12], &[1, 2, 2, 3]).as_ref(), Ok(&less));
    assert_eq!(take(&[1, 2, 2, 3], &[1, 12]).as_ref(), Ok(&less));
    assert_eq!(take(&[1, 3, 4], &[1, 3, 4, 1]).as_ref(), Ok(&less));
    refused(
        take(&[1, 3, 4], &[1, 4, 3, 1]),
        &["image 0 has 3 x 4 pixels", "takes 4 x 3", "--resize"],
    );
    refused(take(&[1, 2, 2, 3], &[1, 3, 2, 2]), &["1 x 3 x 2 x 2", "no picture"]);
    refused(take(&[1, 12], &[1, 13]), &["1 x 13", "12"]);
    let numbers = |shape: &[usize], of: &[usize]| input(set("|i1", shape, &pixels), &int8(of));
    assert_eq!(numbers(&[1, 12], &[1, 2, 2, 3]).as_ref(), Ok(&pixels));
    assert_eq!(numbers(&[1, 2, 2, 3], &[1, 2, 2, 3]).as_ref(), Ok(&pixels));
    refused(numbers(&[1, 3, 2, 2], &[1, 2, 2, 3]), &["3 x 2 x 2", "numpy.transpose"]);
    let float = tensor(&[1, 12], Type::F32, 0.0, 0);
    refused(input(set("|i1", &[1, 12], &pixels), &float), &["int8 numbers", "float32"]);
    refused(input(set("|u1", &[1, 12], &pixels), &float), &["--pixels"]);
}

#[test]
fn real_numbers_are_quantised() {
    // Real value = 0.5 * (number - 3), so number = 2 x + 3; halves round away from zero, and 1000 saturates.
    let reals: Vec<u8> =
        [0.0_f64, 1.25, -1.25, 1000.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let bytes =
        input(set("<f8", &[1, 4], &reals), &tensor(&[1, 4], Type::I8, 0.5, 3)).expect("they fit");
    // 2.5 + 3 rounds as 3 + 3, -2.5 + 3 as -3 + 3: the quotient is rounded before the zero point is added.
    assert_eq!(bytes, [3, 6, 0, 127]);
    let floats =
        input(set("<f8", &[1, 4], &reals), &tensor(&[4], Type::F32, 0.0, 0)).expect("they fit");
    assert_eq!(floats[4..8], 1.25_f32.to_le_bytes());
}

#[test]
fn raw_records_are_taken_as_they_are() {
    let folder = TempDir::new().expect("a folder");
    let file = write(folder.path(), "x.bin", [1, 2, 3, 4, 5, 6, 7, 8]);
    let records = |record| DataSet::load(&Source { record, ..Source::new(&file) });
    let floats = tensor(&[1], Type::F32, 0.0, 0);
    let images = Images::for_model(records(Some(4)).expect("sound"), &floats, None, false);
    assert_eq!(images.expect("they fit").input(1), [5, 6, 7, 8]);
    let wrong = Images::for_model(records(Some(2)).expect("sound"), &floats, None, false);
    refused(wrong.map(|i| i.input(0)).map_err(|e| e.to_string()), &["2 bytes", "takes 4"]);
    refused(
        records(Some(3)).map(|_| vec![]).map_err(|e| e.to_string()),
        &["x.bin", "8 bytes", "3 bytes"],
    );
    refused(records(None).map(|_| vec![]).map_err(|e| e.to_string()), &["x.bin", "how many"]);
}

#[test]
fn pictures_of_several_sizes_need_scaling() {
    let folder = TempDir::new().expect("a folder");
    write(folder.path(), "a.ppm", ppm(4, 4, 0));
    write(folder.path(), "b.ppm", ppm(5, 7, 0));
    refused(
        input(load(folder.path()).expect("sound"), &int8(&[1, 4, 4, 3])),
        &["image b.ppm has 5 x 7", "--resize"],
    );
    let plain = Images::for_bytes(load(folder.path()).expect("sound")).map(|i| i.input(0));
    refused(plain.map_err(|e| e.to_string()), &["several sizes"]);
}
