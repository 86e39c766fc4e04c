//! The other parts of the page: header, warnings, key numbers, remarks, provenance.

use super::super::Named;
use super::super::compare::drop;
use super::super::run::Yardstick;
use super::super::summary::Summary;
use super::super::svg::escape;
use super::super::table::{grouped, percent, plural, points, short, units};
use super::range;
use std::fmt::Write;

/// A run's name with its scope.
pub(super) fn run_name(run: &Named) -> String {
    format!(
        "<span class=\"run\">{}<small>scope {}</small></span>",
        escape(&run.name),
        escape(&run.summary.scope)
    )
}

pub(super) fn header(runs: &[Named]) -> String {
    let (title, line) = match runs {
        [one] => (one.name.clone(), subject(&one.summary)),
        _ => (plural(runs.len(), "fault campaign") + " side by side", {
            let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
            names.join(", ")
        }),
    };
    format!(
        "<header>\n<div><p class=\"over\">Stuckat fault campaign</p>\n<h1>{}</h1>\n<p class=\"subject\">{}</p></div>\n\
         <button id=\"theme\" type=\"button\" hidden>Light / dark</button>\n</header>\n",
        escape(&title),
        escape(&line)
    )
}

fn subject(s: &Summary) -> String {
    format!(
        "Multiplier {}: {} of {} stuck-at faults, {} of {} images, scope {}, seed {}, plan {}",
        s.multiplier,
        grouped(s.faults),
        grouped(s.universe),
        grouped(s.images),
        grouped(s.data_images),
        s.scope,
        s.seed,
        short(&s.plan_sha256)
    )
}

pub(super) fn warnings(runs: &[Named]) -> String {
    let mut text = String::new();
    for run in runs {
        let s = &run.summary;
        if s.incomplete() {
            let _ = writeln!(
                text,
                "<p class=\"warning\"><b>NOT COMPLETE{}</b>: {} of {} scenarios have ended; all scenarios of {} of {} faults. Accuracies and shares of \
                 faults are those of complete faults; as faults that take long end late, they may be biased. Continue with --resume.</p>",
                if runs.len() > 1 { format!(": {}", escape(&run.name)) } else { String::new() },
                grouped(s.done),
                grouped(s.planned),
                grouped(s.complete_faults),
                grouped(s.faults),
            );
        }
    }
    text
}

/// The numbers that one wants to see first.
pub(super) fn tiles(s: &Summary) -> String {
    let mut tiles = Vec::new();
    if let (Some(golden), Some(faulty)) = (s.reference(), &s.accuracy) {
        tiles.push((
            "Fault-free top-1",
            percent(golden),
            format!("{} of {} images", grouped(s.images), grouped(s.data_images)),
        ));
        let ci = faulty.intervals.mean.map_or(String::new(), |i| format!("99 % CI {}", range(i)));
        tiles.push(("Mean faulty top-1", percent(faulty.mean), ci));
        let lost = drop(Some(golden), &s.accuracy).unwrap_or(0.0);
        tiles.push(("Drop in points", points(lost), "no answer counted as wrong".to_owned()));
    } else if s.yardstick == Yardstick::Numbers {
        let share = percent(s.changes.changed as f64 / s.changes.known.max(1) as f64);
        tiles.push(("Answers with other numbers", share, plural(s.changes.known, "answer")));
        let rms = units(s.changes.rms.median);
        tiles.push(("Median RMS change", rms, "of changed outputs, tensor units".to_owned()));
    }
    for (name, p) in [
        (
            if s.yardstick == Yardstick::Numbers {
                "Faults that change outputs"
            } else {
                "Faults that change a class"
            },
            &s.critical_faults,
        ),
        ("Faults with crash or hang", &s.silent_faults),
    ] {
        if p.of > 0 {
            let share = percent(p.faults as f64 / p.of as f64);
            tiles.push((name, share, format!("99 % CI {}", range(p.interval))));
        }
    }
    let mut text = String::new();
    for (name, value, below) in &tiles {
        let _ = writeln!(
            text,
            "<div class=\"tile\"><span>{}</span><b>{}</b><small>{}</small></div>",
            escape(name),
            escape(value),
            escape(below)
        );
    }
    if tiles.is_empty() { text } else { format!("<div class=\"tiles\">\n{text}</div>\n") }
}

/// What remains different where a run comes near to the reference study.
pub(super) fn differences_to_study(runs: &[Named]) -> String {
    let of = |run: &Named| run.summary.provenance.scope.name.name();
    let near = |name: &&str| matches!(*name, "mac" | "conv");
    let scopes: Vec<&str> = runs.iter().map(of).filter(near).collect();
    if scopes.is_empty() {
        return String::new();
    }
    let mut what = String::new();
    if scopes.contains(&"mac") {
        what += "<p>With scope <b>mac</b> only the multiply-accumulate instructions that the firmware declares in its convolutions are faulty; this \
                 comes nearest to the study.</p>\n";
    }
    if scopes.contains(&"conv") {
        what += "<p>With scope <b>conv</b> whole convolution functions are faulty: their index arithmetic and requantisation too, which the study \
                 leaves sound.</p>\n";
    }
    format!(
        "<details class=\"study\" open><summary>How this differs from Porsia et al. 2025</summary>\n\
         <p>Porsia, Perlo, Ruospo, Sanchez, “On the resilience of INT8 quantized neural networks on low-power RISC-V devices”.</p>\n{what}<ul>\n\
         <li><b>Fault sites.</b> Theirs are 1,608 sites of their own netlist, so 3,216 stuck-at faults. Ours are those of the netlist named under \
         “Provenance”; where a fault sits, and how many do harm, depends on the synthesis.</li>\n\
         <li><b>Sample.</b> They drew 1,174 of 3,216 faults (3 % at 99 %) and used 2,000 images. Ours is in the table above.</li>\n\
         <li><b>Where products are replaced.</b> They replace products in convolutions on a host, with tables of products in CUDA. Here the firmware \
         runs instruction by instruction on an emulated core, so a wrong product can also end in an exception or a hang where it reaches an \
         address or a loop bound; such scenarios are counted both ways in the table.</li>\n\
         <li><b>Networks, data and kernels.</b> Weights, training, preprocessing, and the rounding of requantisation are not theirs, and so \
         neither is the fault-free accuracy. Drops compare better than accuracies.</li>\n\
         <li><b>Operands.</b> Which operands meet which port of the multiplier, and how many products are made, is the firmware's choice of \
         kernels.</li>\n</ul></details>\n"
    )
}

/// Proof that the campaign tested something.
pub(super) fn fired(runs: &[Named]) -> String {
    let mut text =
        "<h2>Did the faults fire?</h2>\n<div class=\"wide\"><table>\n<thead><tr>".to_owned();
    if runs.len() > 1 {
        text += "<th>Run</th>";
    }
    text += "<th class=\"n\">Faults begun</th><th class=\"n\">Activated by golden operations</th><th class=\"n\">Some golden product wrong</th>\
             <th class=\"n\">None wrong</th><th class=\"n\">Carries state</th><th class=\"n\">Distinct golden operations</th>\
             <th class=\"n\">Wrong of these, median</th><th class=\"n\">Multiplications in scope</th><th class=\"n\">Wrong products</th></tr></thead>\n<tbody>\n";
    for run in runs {
        let f = &run.summary.fired;
        text += "<tr class=\"first\">";
        if runs.len() > 1 {
            let _ = write!(text, "<th>{}</th>", run_name(run));
        }
        let big = |n: u64| grouped(usize::try_from(n).unwrap_or(usize::MAX));
        let known = f.faults_activated + f.faults_not_activated;
        let cells = [
            grouped(f.faults),
            if known == 0 { "–".to_owned() } else { grouped(f.faults_activated) },
            grouped(f.faults_wrong),
            grouped(f.faults_never_wrong),
            grouped(f.faults_carrying_state),
            grouped(f.distinct),
            format!(
                "{}<small>{} to {}</small>",
                grouped(f.median.round() as usize),
                grouped(f.min),
                grouped(f.max)
            ),
            big(f.muls),
            format!(
                "{}<small>{}</small>",
                big(f.wrong),
                percent(f.wrong as f64 / (f.muls as f64).max(1.0))
            ),
        ];
        for cell in cells {
            let _ = write!(text, "<td class=\"n\">{cell}</td>");
        }
        text += "</tr>\n";
    }
    text + "</tbody></table></div>\n\
            <p class=\"caption\">A fault that never made a product wrong says nothing about the network. Golden operations are the distinct \
            (operation, rs1, rs2) of all fault-free runs.</p>\n"
}

/// What the runs were made from, collapsed.
pub(super) fn provenance(runs: &[Named]) -> String {
    let mut text = "<div id=\"provenance\">\n".to_owned();
    for run in runs {
        let (s, p) = (&run.summary, &run.summary.provenance);
        let mut rows =
            vec![("Plan (SHA-256)", s.plan_sha256.clone()), ("Multiplier", s.multiplier.clone())];
        rows.extend(p.multiplier_files.iter().map(|f| ("", format!("{} {}", f.name, f.sha256))));
        rows.extend([
            ("Firmware (SHA-256)", p.elf_sha256.clone()),
            ("Network (SHA-256)", p.model_sha256.clone().unwrap_or("in the firmware".to_owned())),
            ("Images and labels (SHA-256)", p.data_sha256.clone()),
            ("Inputs", p.inputs.clone()),
            ("Core", p.core.clone()),
            ("Platform", format!("{} {}", p.platform, p.platform_sha256)),
            ("Scope", s.scope.clone()),
            (
                "Faults",
                format!("{} of {} ({})", grouped(s.faults), grouped(s.universe), p.population),
            ),
            ("Images", format!("{} of {}", grouped(s.images), grouped(s.data_images))),
            ("Seed", s.seed.to_string()),
            ("Hang after", format!("{} times the golden instructions", p.hang_factor)),
            ("Golden run, mean of an image", golden(s)),
            ("Stuckat", format!("{}, run directory format {}", p.stuckat, p.format)),
        ]);
        if let Some(answer) = &p.answer {
            rows.push(("Printed answer", answer.clone()));
        }
        if !p.layers.is_empty() {
            let layers: Vec<String> =
                p.layers.iter().enumerate().map(|(i, l)| format!("{i} {l}")).collect();
            rows.push(("Layers", layers.join(", ")));
        }
        let _ = write!(
            text,
            "<details><summary>Provenance{}: plan {}</summary>\n<dl>\n",
            if runs.len() > 1 { format!(" of {}", escape(&run.name)) } else { String::new() },
            escape(short(&s.plan_sha256))
        );
        for (name, value) in rows {
            let _ = writeln!(text, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(&value));
        }
        text += "</dl></details>\n";
    }
    text + "</div>\n"
}

fn golden(s: &Summary) -> String {
    let g = &s.golden;
    let round = |x: f64| grouped(x.round() as usize);
    format!(
        "{} instructions, {} cycles, {} multiplications ({} in scope, {} of them distinct)",
        round(g.retired),
        round(g.cycles),
        round(g.muls),
        round(g.in_scope),
        round(g.distinct)
    )
}
