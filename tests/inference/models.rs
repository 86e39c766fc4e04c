//! The public MLPerf Tiny networks and TFLM's person detection: every output byte of every sample is tflite-micro's.
//!
//! The networks stay outside the project, in `../shared`; what tflite-micro answers is in `firmware/tests/vectors`.

use super::vectors::{Case, check_all, unpack};
use super::{common, file};
use std::collections::BTreeMap;
use std::path::Path;

/// The arrays of samples, by network; the ResNets look at CIFAR-10.
const SAMPLES: [(&str, &str); 4] = [
    ("mlperf_tiny_ad_autoencoder_int8", "sample_ad_int8.npy"),
    ("mlperf_tiny_kws_dscnn_int8", "sample_kws_int8.npy"),
    ("mlperf_tiny_vww_mobilenetv1_int8", "sample_vww_int8.npy"),
    ("tflm_person_detect_int8", "sample_person_int8.npy"),
];

/// The bytes of an array of 8-bit numbers.
fn npy(path: &Path) -> Vec<u8> {
    let file = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let array = npyz::NpyFile::new(&file[..]).expect("a NumPy array");
    let numbers: Vec<i8> = array.into_vec().expect("of int8");
    numbers.into_iter().map(i8::cast_unsigned).collect()
}

fn cifar10(path: &Path) -> Vec<u8> {
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut archive = zip::ZipArchive::new(file).expect("a NumPy archive");
    let images = archive.by_name("images.npy").expect("it has images");
    let images = npyz::NpyFile::new(std::io::BufReader::new(images)).expect("a NumPy array");
    let pixels: Vec<u8> = images.into_vec().expect("of uint8");
    pixels.into_iter().map(|pixel| pixel.wrapping_sub(128)).collect()
}

/// The networks with at most so many samples each; `None` where the networks are not.
fn networks(samples: usize) -> Option<BTreeMap<String, Case>> {
    let (models, data) = (common::shared("models")?, common::shared("data")?);
    let mut cases = unpack(&file("firmware/tests/vectors/models_expected.tar.gz"));
    for (name, case) in &mut cases {
        let path = models.join(format!("{name}.tflite"));
        case.tflite = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let model = stuckat::model::Model::parse(case.tflite.clone()).expect("a sound network");
        if let Some((_, array)) = SAMPLES.iter().find(|(of, _)| of == name) {
            case.input = npy(&data.join(array));
        } else if name.contains("resnet") {
            case.input = cifar10(&data.join("cifar10_test_2000.npz"));
        }
        let records = (case.output.len() / model.output_len()).min(samples);
        assert!(records > 0, "{name}");
        case.input.truncate(records * model.input_len());
        case.output.truncate(records * model.output_len());
    }
    Some(cases)
}

#[test]
fn the_public_networks_answer_as_tflite_micro() {
    if cfg!(debug_assertions) {
        return eprintln!("skipped: minutes without optimisation");
    }
    if let Some(cases) = networks(2) {
        assert_eq!(cases.len(), 7);
        check_all(&cases);
    }
}

#[test]
#[ignore = "all samples: minutes"]
fn the_public_networks_answer_as_tflite_micro_on_all_samples() {
    let cases = networks(usize::MAX).expect("the networks are there");
    let bytes: usize = cases.values().map(|case| case.output.len()).sum();
    check_all(&cases);
    println!("{} networks, {bytes} output bytes, four firmwares", cases.len());
}
