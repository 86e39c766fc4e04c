//! The statistics against SciPy and statsmodels (`stats/reference.json`, made by `stats/reference.py`), and against the
//! truth: fixed populations of which samples are drawn again and again, or all samples listed.

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use serde_json::Value;
use stuckat::campaign::stats::distribution::{
    hypergeometric, hypergeometric_at_least, hypergeometric_at_most, normal_two_sided,
    student_two_sided,
};
use stuckat::campaign::stats::proportion::exact_counts;
use stuckat::campaign::stats::{
    Answers, Interval, McNemar, Populations, Resampling, Source, Stratum, TwoWay, allocate,
    bootstrap, stratified_mean, stratified_share, weighted_mean, weighted_mean_interval, wilson,
};

fn reference(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("stats/reference.json")).unwrap();
    all[name].clone()
}

fn rows(name: &str) -> Vec<Vec<f64>> {
    serde_json::from_value(reference(name)).unwrap()
}

fn close(ours: f64, theirs: f64, relative: f64) -> bool {
    (ours - theirs).abs() <= relative * theirs.abs()
}

#[test]
fn quantiles_are_scipys() {
    for row in rows("normal") {
        let ours = normal_two_sided(row[0]);
        assert!((ours - row[1]).abs() < 1e-9, "{row:?}: {ours}");
    }
    for row in rows("student") {
        let ours = student_two_sided(row[0], row[1]);
        assert!(close(ours, row[2], 1e-9), "{row:?}: {ours}");
    }
}

#[test]
fn hypergeometric_probabilities_are_scipys() {
    for row in rows("hypergeometric") {
        let [k, n, marked, population] = [0, 1, 2, 3].map(|i| row[i] as usize);
        let ours = [
            hypergeometric(k, n, marked, population),
            hypergeometric_at_most(k, n, marked, population),
            hypergeometric_at_least(k, n, marked, population),
        ];
        // SciPy's come from log-gammas, which lose up to eight digits in populations of ten millions.
        let relative = if population > 100_000 { 1e-6 } else { 1e-9 };
        for (ours, theirs) in ours.into_iter().zip(&row[4..]) {
            assert!(close(ours, *theirs, relative), "{row:?}: {ours}");
        }
    }
}

#[test]
fn exact_intervals_are_those_found_by_trying_every_population() {
    for row in rows("exact") {
        let [k, n, population] = [0, 1, 2].map(|i| row[i] as usize);
        let ours = exact_counts(k, n, population, row[3]);
        assert_eq!(ours, (row[4] as usize, row[5] as usize), "{row:?}");
    }
}

#[test]
fn wilsons_intervals_are_those_of_statsmodels() {
    for row in rows("wilson") {
        let [k, n, population] = [0, 1, 2].map(|i| row[i] as usize);
        let ours = wilson(k, n, population, normal_two_sided(0.99));
        assert!((ours.low - row[3]).abs() < 1e-12, "{row:?}: {ours:?}");
        assert!((ours.high - row[4]).abs() < 1e-12, "{row:?}: {ours:?}");
    }
}

#[test]
fn mcnemars_test_is_that_of_statsmodels() {
    for row in rows("mcnemar") {
        let ours = McNemar::of_counts(row[0] as usize, row[1] as usize);
        assert!(close(ours.exact, row[2], 1e-9), "{row:?}: {ours:?}");
        assert!(close(ours.mid_p, row[3], 1e-9), "{row:?}: {ours:?}");
    }
}

#[test]
fn a_weighted_mean_and_its_variance_are_those_of_statsmodels() {
    let expected = reference("weighted");
    let pairs: Vec<(f64, f64)> = serde_json::from_value(expected["pairs"].clone()).unwrap();
    let mean = weighted_mean(&pairs).unwrap();
    assert!(close(mean, expected["mean"].as_f64().unwrap(), 1e-12), "{mean}");
    let ours = weighted_mean_interval(&pairs, 100, 0.99).unwrap();
    assert!(close(ours.variance.unwrap(), expected["variance"].as_f64().unwrap(), 1e-12));
}

/// All subsets of `0..of` that have `size` members.
fn subsets(of: usize, size: usize) -> Vec<Vec<usize>> {
    (0u32..1 << of)
        .filter(|set| set.count_ones() as usize == size)
        .map(|set| (0..of).filter(|i| set >> i & 1 == 1).collect())
        .collect()
}

fn answers(rows: impl IntoIterator<Item = Vec<bool>>) -> Answers {
    let mut rows = rows.into_iter().peekable();
    let mut answers = Answers::new(rows.peek().map_or(0, Vec::len));
    rows.for_each(|row| answers.push(row.into_iter().map(Some), 1.0));
    answers
}

#[test]
fn the_closed_form_is_without_bias_over_all_samples_of_a_matrix() {
    let expected = reference("two_way");
    let matrix: Vec<Vec<u8>> = serde_json::from_value(expected["matrix"].clone()).unwrap();
    let whole = Populations { faults: 7, images: 6 };
    let (mut variance, mut mean, mut count) = (0.0, 0.0, 0.0);
    for rows in subsets(7, 4) {
        for columns in subsets(6, 3) {
            let row = |r: &usize| columns.iter().map(|c| matrix[*r][*c] == 1).collect();
            let closed = TwoWay::of(&answers(rows.iter().map(row)), whole).unwrap();
            let one = |source| closed.variance(source).unwrap();
            variance += one(Source::Faults) + one(Source::Images) - closed.interaction();
            mean += closed.mean;
            count += 1.0;
        }
    }
    assert!(close(mean / count, expected["mean"].as_f64().unwrap(), 1e-12));
    let truth = expected["variance"].as_f64().unwrap();
    assert!(close(variance / count, truth, 1e-10), "{} {truth}", variance / count);
}

#[test]
fn the_stratified_variance_is_without_bias_over_all_samples() {
    let expected = reference("stratified");
    let strata: Vec<Vec<f64>> = serde_json::from_value(expected["strata"].clone()).unwrap();
    let drawn = [2, 3, 2];
    let all = |h: usize| {
        let pick = move |set: Vec<usize>| {
            let values: Vec<f64> = set.into_iter().map(|i| strata[h][i]).collect();
            Stratum::of_values(strata[h].len(), &values)
        };
        subsets([5, 3, 4][h], drawn[h]).into_iter().map(pick).collect::<Vec<_>>()
    };
    let [first, second, third] = [0, 1, 2].map(|h| all.clone()(h));
    let (mut mean, mut variance, mut count) = (0.0, 0.0, 0.0);
    for a in &first {
        for b in &second {
            for c in &third {
                let estimate = stratified_mean(&[*a, *b, *c], 0.99).unwrap();
                mean += estimate.mean;
                variance += estimate.variance.unwrap();
                count += 1.0;
            }
        }
    }
    assert!(close(mean / count, expected["mean"].as_f64().unwrap(), 1e-12));
    assert!(close(variance / count, expected["variance"].as_f64().unwrap(), 1e-10));
}

/// Uniform from 0 to 1.
fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// `n` of `0..of` without replacement.
fn draw(random: &mut ChaCha8Rng, of: usize, n: usize) -> Vec<usize> {
    let mut all: Vec<usize> = (0..of).collect();
    for i in 0..n {
        let j = i + (uniform(random) * (of - i) as f64) as usize;
        all.swap(i, j);
    }
    all.truncate(n);
    all
}

/// A population of answers: a fault takes up to `faults` off the chance of a correct answer, an image up to `images`.
fn population(n: usize, m: usize, faults: f64, images: f64, seed: u64) -> Vec<Vec<bool>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let hard: Vec<f64> = (0..m).map(|_| images * uniform(&mut random)).collect();
    let row = |random: &mut ChaCha8Rng| {
        let harm = faults * uniform(random);
        hard.iter().map(|h| uniform(random) < 1.0 - harm - h).collect()
    };
    (0..n).map(|_| row(&mut random)).collect()
}

fn sample(population: &[Vec<bool>], n: usize, m: usize, random: &mut ChaCha8Rng) -> Answers {
    let rows = draw(random, population.len(), n);
    let columns = draw(random, population[0].len(), m);
    answers(rows.iter().map(|r| columns.iter().map(|c| population[*r][*c]).collect()))
}

fn mean_of(population: &[Vec<bool>]) -> f64 {
    let right = population.iter().flatten().filter(|c| **c).count();
    right as f64 / (population.len() * population[0].len()) as f64
}

#[test]
fn components_are_those_of_the_model() {
    // A chance of 1 - U(0, 0.5) - U(0, 0.3): each fault has variance 0.5^2 / 12 = 0.020833, each image 0.3^2 / 12 =
    // 0.0075, and p = 0.6 in the mean, so that a cell has 0.24, of which 0.211667 are left.
    let answers = answers(population(1500, 1500, 0.5, 0.3, 1));
    let unlimited = Populations { faults: usize::MAX, images: usize::MAX };
    let found = TwoWay::of(&answers, unlimited).unwrap().components().unwrap();
    assert!(close(found.faults, 0.25 / 12.0, 0.1), "{found:?}");
    assert!(close(found.images, 0.09 / 12.0, 0.1), "{found:?}");
    assert!(close(found.interaction, 0.24 - 0.34 / 12.0, 0.01), "{found:?}");
}

#[test]
fn the_bootstrap_agrees_with_the_closed_form() {
    let all = population(400, 300, 0.5, 0.3, 2);
    let mut random = ChaCha8Rng::seed_from_u64(3);
    for (n, m) in [(150, 120), (30, 250), (400, 60), (150, 300)] {
        let answers = sample(&all, n, m, &mut random);
        let populations = Populations { faults: 400, images: 300 };
        let closed = TwoWay::of(&answers, populations).unwrap();
        let found = bootstrap(&answers, populations, Resampling::new(4));
        for (source, found) in [
            (Source::Both, found.both),
            (Source::Faults, found.faults),
            (Source::Images, found.images),
        ] {
            let width = |i: Option<Interval>| i.map(|i| i.high - i.low);
            let expected = width(closed.interval(source, 0.99)).unwrap();
            let found = width(found.mean).unwrap();
            // The 0.5 % quantile of 2,000 draws has a standard error of 6 % of its distance from the mean.
            assert!(
                (found - expected).abs() <= 0.12 * expected,
                "{n} {m} {source:?}: {found} {expected}"
            );
        }
    }
}

#[test]
fn intervals_of_the_mean_cover_the_truth() {
    let all = population(200, 150, 0.5, 0.3, 5);
    let truth = mean_of(&all);
    let populations = Populations { faults: 200, images: 150 };
    let mut random = ChaCha8Rng::seed_from_u64(6);
    for (n, m) in [(60, 40), (15, 100), (100, 6), (190, 140), (10, 10)] {
        let (mut closed, mut resampled) = (0, 0);
        const RUNS: u64 = 1000;
        for seed in 0..RUNS {
            let answers = sample(&all, n, m, &mut random);
            let covers = |i: Option<Interval>| i.is_some_and(|i| i.low <= truth && truth <= i.high);
            let two_way = TwoWay::of(&answers, populations).unwrap();
            closed += usize::from(covers(two_way.interval(Source::Both, 0.95)));
            if seed % 2 == 0 {
                let resampling = Resampling { resamples: 300, confidence: 0.95, seed };
                let found = bootstrap(&answers, populations, resampling);
                resampled += usize::from(covers(found.both.mean));
            }
        }
        // Of 1,000 intervals at 95 %, 950 cover on average, with a standard deviation of 6.9. With 6 images Student's
        // quantile is an approximation.
        assert!((925..=972).contains(&closed), "{n} {m}: {closed}");
        // And of 500, 475, with 4.9.
        assert!((457..=492).contains(&resampled), "{n} {m}: {resampled}");
    }
}

#[test]
fn one_sided_errors_cover_what_they_speak_of() {
    // The images stay: the truth is the mean over all faults of these images. And the other way round.
    let all = population(300, 60, 0.5, 0.3, 7);
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let mut covered = 0;
    for seed in 0..300 {
        let columns = draw(&mut random, 60, 20);
        let cut: Vec<Vec<bool>> =
            all.iter().map(|r| columns.iter().map(|c| r[*c]).collect()).collect();
        let truth = mean_of(&cut);
        let answers = answers(draw(&mut random, 300, 40).into_iter().map(|r| cut[r].clone()));
        let resampling = Resampling { resamples: 300, confidence: 0.95, seed };
        let found = bootstrap(&answers, Populations { faults: 300, images: 60 }, resampling);
        let interval = found.faults.mean.unwrap();
        covered += usize::from(interval.low <= truth && truth <= interval.high);
    }
    // Binomial with mean 285 and standard deviation 3.8.
    assert!((272..=298).contains(&covered), "{covered}");
}

#[test]
fn intervals_of_the_median_cover_the_truth() {
    let all = population(200, 150, 0.5, 0.3, 9);
    let mut each: Vec<f64> =
        all.iter().map(|r| r.iter().filter(|c| **c).count() as f64 / 150.0).collect();
    each.sort_by(f64::total_cmp);
    let truth = (each[99] + each[100]) / 2.0;
    let mut random = ChaCha8Rng::seed_from_u64(10);
    for (n, m) in [(60, 100), (150, 50)] {
        let mut covered = 0;
        for seed in 0..300 {
            let answers = sample(&all, n, m, &mut random);
            let populations = Populations { faults: 200, images: 150 };
            let resampling = Resampling { resamples: 300, confidence: 0.95, seed };
            let found = bootstrap(&answers, populations, resampling).both.median;
            covered += usize::from(found.is_some_and(|i| i.low <= truth && truth <= i.high));
        }
        // Nominal 285; the interaction is counted three times, which can only widen.
        assert!(covered >= 272, "{n} {m}: {covered}");
    }
}

#[test]
fn the_stratified_share_covers_the_truth_though_strata_are_drawn_unequally() {
    // 60 strata of 1 to 60 faults; marked are the more, the larger the stratum is. 150 drawn, at least one of each.
    let sizes: Vec<usize> = (1..=60).collect();
    let due = allocate(&sizes, 150).unwrap();
    for part in [0.02, 0.15, 0.6] {
        let marked: Vec<usize> =
            sizes.iter().map(|s| (part * (s * s) as f64 / 60.0).round() as usize).collect();
        let truth = marked.iter().sum::<usize>() as f64 / sizes.iter().sum::<usize>() as f64;
        let mut random = ChaCha8Rng::seed_from_u64(11);
        let (mut covered, mut sum) = (0, 0.0);
        for _ in 0..1000 {
            let strata: Vec<Stratum> = (0..60)
                .map(|h| {
                    let sample = draw(&mut random, sizes[h], due[h]);
                    let k = sample.iter().filter(|i| **i < marked[h]).count();
                    Stratum::of_count(sizes[h], due[h], k)
                })
                .collect();
            let estimate = stratified_share(&strata, 0.99).unwrap();
            let interval = estimate.interval;
            covered += usize::from(interval.low <= truth && truth <= interval.high);
            sum += estimate.share;
        }
        // Nominal 990 of 1,000, with a standard deviation of 3.1.
        assert!(covered >= 978, "{part}: {covered}");
        assert!(close(sum / 1000.0, truth, 0.06), "{part}: {} {truth}", sum / 1000.0);
    }
}

#[test]
fn strata_of_which_one_or_none_was_drawn_are_joined_with_their_neighbours() {
    // Two strata of 10, one drawn of each, 1 and 0: as one of 20 with 2 drawn, mean 0.5, variance (1 - 0.1) * 0.5 / 2.
    let pair = [Stratum::of_count(10, 1, 1), Stratum::of_count(10, 1, 0)];
    let estimate = stratified_mean(&pair, 0.99).unwrap();
    assert_eq!((estimate.mean, estimate.freedom), (0.5, 1));
    assert!(close(estimate.variance.unwrap(), 0.225, 1e-12), "{estimate:?}");
    // One without a draw is like its neighbour; a whole one adds nothing to the variance.
    let strata =
        [Stratum::of_count(10, 0, 0), Stratum::of_count(10, 2, 1), Stratum::of_count(5, 5, 5)];
    let estimate = stratified_mean(&strata, 0.99).unwrap();
    assert!(close(estimate.mean, (20.0 * 0.5 + 5.0) / 25.0, 1e-12), "{estimate:?}");
    assert!(close(estimate.variance.unwrap(), 0.64 * 0.9 * 0.25, 1e-12), "{estimate:?}");
    assert_eq!(stratified_mean(&[Stratum::of_count(9, 1, 1)], 0.99).unwrap().interval, None);
    assert_eq!(stratified_mean(&[Stratum::of_count(9, 0, 0)], 0.99), None);
    assert_eq!(stratified_mean(&[], 0.99), None);
}

#[test]
#[ignore = "takes seconds; prints how long"]
fn six_thousand_faults_and_two_thousand_images_take_seconds() {
    let answers = answers(population(5914, 2000, 0.5, 0.3, 12));
    let began = std::time::Instant::now();
    let populations = Populations { faults: 12_000, images: 10_000 };
    let found = bootstrap(&answers, populations, Resampling::new(1));
    println!("{:.1} s, {found:?}", began.elapsed().as_secs_f64());
    assert!(began.elapsed().as_secs_f64() < 30.0);
}
