//! `stuckat infer` as a user sees it: pictures, arrays, raw bytes, faults, and what goes wrong.

use super::cli::{self, BAD_INPUT, Line, file as write, folder, stuckat};
use super::file;
use super::vectors::operators;
use image::{GrayImage, ImageFormat, RgbImage};
use serde_json::Value;
use std::io::{Cursor, Read};
use stuckat::campaign::images::Images;
use stuckat::model::Model;

/// The default network, whose int8 inputs are `pixel - 128`.
fn mnist() -> String {
    file("firmware/models/mnist_cnn/mnist_cnn.tflite").display().to_string()
}

/// What tflite-micro answers to test image `i`, in hexadecimal.
fn mnist_scores(i: usize) -> String {
    let packed = std::fs::read(file("firmware/models/mnist_cnn/expected_scores.i8.gz")).unwrap();
    let mut scores = Vec::new();
    flate2::read::GzDecoder::new(&*packed).read_to_end(&mut scores).unwrap();
    scores[10 * i..10 * i + 10].iter().map(|b| format!("{b:02x}")).collect()
}

/// Test image `i`, as pixels.
fn pixels(i: usize) -> Vec<u8> {
    let int8 = Images::builtin().unwrap().input(i);
    int8.into_iter().map(|x| x.wrapping_add(128)).collect()
}

fn png(image: &image::DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn infer(model: &str, input: &str) -> Line {
    stuckat(["infer", model, "--input", input])
}

fn json(line: Line) -> Value {
    serde_json::from_str(&line.words(["--json"]).succeeds().stdout).expect("JSON")
}

/// A small network of the operator vectors and its first input, as files.
fn small(folder: &tempfile::TempDir, prefix: &str) -> (String, String) {
    let cases = operators();
    let (_, case) = cases.iter().find(|(name, _)| name.starts_with(prefix)).expect("there is one");
    let input_len = Model::parse(case.tflite.clone()).unwrap().input_len();
    let model = write(folder, "small.tflite", &case.tflite);
    (model, write(folder, "small.bin", &case.input[..input_len]))
}

/// A NumPy array in format 1.0.
fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), data].concat()
}

#[test]
fn a_picture_an_array_and_raw_bytes_give_the_answer_of_tflite_micro() {
    let dir = folder();
    for i in [3, 18] {
        let (pixels, expected) = (pixels(i), mnist_scores(i));
        let gray = GrayImage::from_raw(28, 28, pixels.clone()).unwrap();
        // A colour picture of gray pixels is that gray picture.
        let rgb = RgbImage::from_fn(28, 28, |x, y| image::Rgb([gray.get_pixel(x, y).0[0]; 3]));
        let int8: Vec<u8> = pixels.iter().map(|p| p.wrapping_sub(128)).collect();
        let reals: Vec<u8> =
            pixels.iter().flat_map(|p| (f32::from(*p) / 255.0).to_le_bytes()).collect();
        let two = [[0; 784].as_slice(), &int8].concat();
        let inputs = [
            write(&dir, "gray.png", png(&gray.into())),
            write(&dir, "rgb.png", png(&rgb.into())),
            write(&dir, "int8.npy", npy("|i1", "(1, 28, 28, 1)", &int8)),
            write(&dir, "pixels.npy", npy("|u1", "(28, 28)", &pixels)),
            write(&dir, "reals.npy", npy("<f4", "(28, 28)", &reals)),
            write(&dir, "int8.bin", &int8),
        ];
        for input in &inputs {
            for style in ["reference", "optimised"] {
                let answer = json(infer(&mnist(), input).words(["--style", style]));
                assert_eq!(answer["golden"]["output"], expected.as_str(), "{input}, {style}");
            }
        }
        let second = infer(&mnist(), &write(&dir, "two.raw", two)).words(["--index", "1"]);
        assert_eq!(json(second)["golden"]["output"], expected.as_str());
    }
}

#[test]
fn the_table_names_classes_and_operators_and_the_output_goes_to_a_file() {
    let dir = folder();
    let gray = GrayImage::from_raw(28, 28, pixels(0)).unwrap();
    let picture = write(&dir, "seven.png", png(&gray.into()));
    let labels = write(&dir, "labels.txt", "zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\n");
    let output = dir.path().join("scores.bin");
    let line = infer(&mnist(), &picture).words(["--labels", &labels, "--top", "3", "--output"]);
    let shown = line.words([&output]).succeeds().stdout;
    let rows: Vec<&str> = shown.lines().collect();
    // The first test image is a 7 (published with the database).
    assert!(rows[4].trim_start().starts_with("7 seven"), "{shown}");
    assert_eq!(rows.iter().filter(|row| row.contains("CONV_2D")).count(), 2, "{shown}");
    let bytes: String =
        std::fs::read(&output).unwrap().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(bytes, mnist_scores(0));
}

#[test]
fn operators_add_up_to_the_whole_inference() {
    let dir = folder();
    let input = write(&dir, "black.bin", [128; 784]);
    for style in ["reference", "optimised"] {
        let answer = json(infer(&mnist(), &input).words(["--style", style]));
        let golden = &answer["golden"];
        for (part, whole) in [
            ("instructions", "instructions"),
            ("cycles", "cycles"),
            ("multiplications", "multiplications"),
        ] {
            let parts = golden["operators"].as_array().unwrap().iter();
            let sum: u64 = parts.map(|op| op[part].as_u64().unwrap()).sum();
            assert_eq!(sum, golden[whole].as_u64().unwrap(), "{part}");
        }
        let conv = &golden["operators"][1];
        assert_eq!((&conv["operator"], &conv["name"]), (&0.into(), &"CONV_2D".into()));
        // Every multiply-accumulate takes a MUL; taps in the padding take none.
        assert!(conv["multiplications"].as_u64() > Some(conv["macs"].as_u64().unwrap() * 3 / 4));
    }
}

#[test]
fn a_fault_gives_the_same_with_tables_and_gate_by_gate() {
    let dir = folder();
    let (model, input) = small(&dir, "conv_2d_0");
    let mut wrong = 0;
    for fault in ["n700/SA1", "op_a_i[3]/SA1", "n1200/SA0", "n2000/SA1", "n90/SA0", "in_mulh/SA1"] {
        let faulty = |more: &[&str]| {
            let line = infer(&model, &input).words(["--fault", fault]).words(more);
            json(line)["faulty"].take()
        };
        let fast = faulty(&[]);
        assert_eq!(fast, faulty(&["--slow"]), "{fault}");
        wrong += usize::from(fast["wrong_multiplications"].as_u64() > Some(0));
    }
    assert!(wrong > 2, "{wrong} faults fire");
}

#[test]
fn what_the_firmware_notices_is_shown_in_its_own_words() {
    let dir = folder();
    let input = write(&dir, "black.bin", [128; 784]);
    // Every product of the set-up has bit 31 set, so no size can be right.
    let line = infer(&mnist(), &input).words(["--fault", "result_o[31]/SA1"]);
    let shown = line.succeeds().stdout;
    let told = shown.lines().find(|line| line.starts_with("Under ")).unwrap();
    assert!(told.contains("bad-exit (exit code ") && told.contains(", error "), "{told}");
    assert!(told.contains("without the fault: class "), "{told}");
}

#[test]
fn pictures_of_another_size_are_scaled_only_if_wanted() {
    let dir = folder();
    let large = write(&dir, "large.png", png(&GrayImage::new(56, 30).into()));
    infer(&mnist(), &large).is_refused(BAD_INPUT, &["large.png", "30 x 56", "28 x 28", "--resize"]);
    infer(&mnist(), &large).words(["--resize"]).succeeds();
}

#[test]
fn wrong_inputs_are_refused_with_the_reason() {
    let dir = folder();
    let refused = |name: &str, bytes: &[u8], parts: &[&str]| {
        let input = write(&dir, name, bytes);
        infer(&mnist(), &input).is_refused(BAD_INPUT, &[&[name], parts].concat());
    };
    refused("short.bin", &[1; 783], &["783 bytes", "784"]);
    refused("empty.bin", &[], &["0 bytes"]);
    refused("text.png", b"no picture", &["cannot be decoded"]);
    refused("cut.png", &png(&GrayImage::new(28, 28).into())[..40], &["cannot be decoded"]);
    refused("text.npy", b"no array", &[".npy"]);
    refused("cut.npy", &npy("|i1", "(784,)", &[0; 700]), &[".npy"]);
    refused("shape.npy", &npy("|i1", "(10,)", &[0; 10]), &["10 elements"]);
    refused("huge.npy", &npy("|i1", "(99999999999,)", &[0; 10]), &[".npy"]);
    refused("kind.npy", &npy("<i8", "(784,)", &[0; 6272]), &["int64", "int8"]);
    let input = write(&dir, "good.bin", [0; 784]);
    infer(&mnist(), &input).words(["--index", "1"]).is_refused(BAD_INPUT, &["input 1"]);
    infer(&mnist(), "/none.png").is_refused(BAD_INPUT, &["/none.png", "cannot be read"]);
    infer("/none.tflite", &input).is_refused(BAD_INPUT, &["/none.tflite", "cannot be read"]);
    infer(&mnist(), &input).words(["--fault", "nowhere/SA1"]).is_refused(BAD_INPUT, &["nowhere"]);
    let labels = ["--labels", "/none.txt"];
    infer(&mnist(), &input).words(labels).is_refused(BAD_INPUT, &["/none.txt"]);
    let budget = ["--max-insns", "1000"];
    infer(&mnist(), &input).words(budget).is_refused(BAD_INPUT, &["--max-insns"]);
    infer(&mnist(), &input).words(["--elf", cli::ELF]).is_refused(BAD_INPUT, &["stuckat_model"]);
    let full = infer(&mnist(), &input).words(["--output", "/dev/full"]);
    full.is_refused(cli::IO, &["/dev/full", "cannot be written"]);
}

#[test]
fn wrong_networks_are_refused_with_the_reason() {
    let dir = folder();
    let input = write(&dir, "input.bin", [0; 784]);
    let refused = |name: &str, bytes: &[u8], parts: &[&str]| {
        let model = write(&dir, name, bytes);
        infer(&model, &input).is_refused(BAD_INPUT, &[&[name], parts].concat());
    };
    refused("text.tflite", b"no network at all", &["TFL3"]);
    refused("empty.tflite", b"", &["TFL3"]);
    let sound = std::fs::read(mnist()).unwrap();
    refused("cut.tflite", &sound[..sound.len() / 2], &["damaged"]);
    let mut version = sound.clone();
    version.truncate(8);
    refused("head.tflite", &version, &["damaged"]);
}

#[test]
fn an_operator_that_is_not_supported_is_named() {
    let dir = folder();
    let cases = operators();
    let (_, relu) = cases.iter().find(|(name, _)| name.starts_with("relu_")).unwrap();
    // RELU is operator 19 and TANH 28. The number stands once or twice in its table; other bytes may be 19 too.
    let places: Vec<usize> = (0..relu.tflite.len()).filter(|i| relu.tflite[*i] == 19).collect();
    let patched = (1..1_u32 << places.len().min(12)).map(|chosen| {
        let mut file = relu.tflite.clone();
        let chosen = places.iter().zip(0..).filter(|(_, i)| chosen >> i & 1 == 1);
        chosen.for_each(|(place, _)| file[*place] = 28);
        file
    });
    let tanh = patched.into_iter().find(|file| {
        Model::parse(file.clone()).is_ok_and(|model| model.operators[0].name == "TANH")
    });
    let model = write(&dir, "tanh.tflite", tanh.expect("the operator's number is in the file"));
    let input_len = Model::parse(relu.tflite.clone()).unwrap().input_len();
    let input = write(&dir, "input.bin", vec![0; input_len]);
    infer(&model, &input).is_refused(BAD_INPUT, &["tanh.tflite", "error 3", "TANH"]);
}

#[test]
fn several_inputs_come_in_one_file() {
    let dir = folder();
    let cases = operators();
    let two = cases.iter().find(|(_, case)| {
        Model::parse(case.tflite.clone()).is_ok_and(|model| model.inputs.len() == 2)
    });
    let (name, case) = two.expect("ADD has two inputs");
    let model = write(&dir, "two.tflite", &case.tflite);
    let output_len = Model::parse(case.tflite.clone()).unwrap().output_len();
    let input = write(&dir, "inputs.bin", &case.input);
    let answer = json(infer(&model, &input).words(["--index", "1"]));
    let expected = case.output[output_len..2 * output_len].iter().map(|b| format!("{b:02x}"));
    assert_eq!(answer["golden"]["output"], expected.collect::<String>(), "{name}");
    let array = write(&dir, "inputs.npy", npy("|i1", "(1,)", &[0]));
    infer(&model, &array).is_refused(BAD_INPUT, &["2 inputs", ".bin"]);
}
