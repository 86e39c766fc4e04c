//! The public MLPerf Tiny networks, TFLM's person detection, and the project's own: every output byte is tflite-micro's.
//!
//! The public networks and the pictures stay outside the project, in `../shared`; what tflite-micro answers is in
//! `firmware/tests/vectors`, for the project's own networks beside them.

use super::vectors::{Case, check_all, unpack};
use super::{BUDGET, common, file, firmwares};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use stuckat::campaign::outcome::Answers;
use stuckat::cpu::Stop;
use stuckat::unit::{Exact, Latency};
use stuckat::workload::Runner;

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

/// An array of uint8 in a NumPy archive.
fn array(path: &Path, name: &str) -> Vec<u8> {
    let file = std::fs::File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut archive = zip::ZipArchive::new(file).expect("a NumPy archive");
    let member = archive.by_name(name).unwrap_or_else(|e| panic!("{name}: {e}"));
    let array = npyz::NpyFile::new(std::io::BufReader::new(member)).expect("a NumPy array");
    array.into_vec().expect("of uint8")
}

/// The pictures of a NumPy archive, `pixel - 128`.
fn pictures(path: &Path) -> Vec<u8> {
    let pixels = array(path, "images.npy");
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
            case.input = pictures(&data.join("cifar10_test_2000.npz"));
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

/// The project's own networks for colour pictures, and the test images that they look at.
const OWN: [(&str, &str); 3] = [
    ("cifar10_mobilenetv1", "cifar10_test_2000.npz"),
    ("cifar10_resnet8", "cifar10_test_2000.npz"),
    ("gtsrb_resnet8", "gtsrb_test_2000.npz"),
];

fn own(name: &str) -> Vec<u8> {
    let path = file(&format!("firmware/models/{name}/{name}.tflite"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn the_projects_own_networks_answer_as_tflite_micro() {
    if cfg!(debug_assertions) {
        return eprintln!("skipped: minutes without optimisation");
    }
    let Some(data) = common::shared("data") else { return };
    let mut cases = BTreeMap::new();
    for (name, images) in OWN {
        let tflite = own(name);
        let model = stuckat::model::Model::parse(tflite.clone()).expect("a sound network");
        let expected = file(&format!("firmware/models/{name}/expected_scores.i8.gz"));
        let mut output = Vec::new();
        let packed = std::fs::File::open(expected).expect("the expected scores");
        flate2::read::GzDecoder::new(packed).read_to_end(&mut output).expect("gzip");
        let records = output.len() / model.output_len();
        assert!(records >= 50, "{name}");
        let mut input = pictures(&data.join(images));
        // Some of them, from all over the set.
        let some = |bytes: &[u8], len: usize| -> Vec<u8> {
            bytes.chunks_exact(len).take(records).step_by(records / 3).flatten().copied().collect()
        };
        input = some(&input, model.input_len());
        output = some(&output, model.output_len());
        cases.insert(name.to_owned(), Case { tflite, input, output });
    }
    check_all(&cases);
}

#[test]
#[ignore = "2,000 pictures each: minutes"]
fn the_projects_own_networks_are_as_good_on_the_core_as_their_cards_say() {
    let data = common::shared("data").expect("the pictures are there");
    let firmware = firmwares().iter().find(|f| f.name.ends_with("prebuilt/tflm-optimised.elf"));
    let firmware = firmware.expect("the optimised kernels");
    for (name, images) in OWN {
        let model = stuckat::model::Model::parse(own(name)).expect("a sound network");
        let input = pictures(&data.join(images));
        let labels = array(&data.join(images), "labels.npy");
        let program = firmware.program.clone();
        let program = program.with_model(model.bytes(), model.input_len(), model.output_len());
        let program = program.expect("it fits");
        let next = AtomicUsize::new(0);
        let (right, retired) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    let mut runner = Runner::new(&program, Exact::new(Latency::SINGLE_CYCLE));
                    loop {
                        let i = next.fetch_add(1, Ordering::Relaxed);
                        let Some(label) = labels.get(i) else { return };
                        let run = runner
                            .run(&input[i * model.input_len()..][..model.input_len()], BUDGET);
                        assert_eq!(run.stop, Stop::Exit(0), "{name}, picture {i}");
                        let best = Answers::INT8.top(&run.output, 1)[0];
                        right
                            .fetch_add(usize::from(best == usize::from(*label)), Ordering::Relaxed);
                        retired.fetch_add(run.retired as usize, Ordering::Relaxed);
                    }
                });
            }
        });
        let (right, retired) = (right.into_inner(), retired.into_inner());
        println!(
            "{name}: {right} of {} right on the core, {} instructions each",
            labels.len(),
            retired / labels.len()
        );
        // The card has what tflite-micro answers on the host.
        let card = std::fs::read_to_string(file(&format!("firmware/models/{name}/MODEL_CARD.md")));
        let card = card.expect("a model card").replace(',', "");
        assert!(card.contains(&format!("({right} right)")), "{name}: {right}");
    }
}
