//! One HTML file: no network, no fonts, one small script for the theme. Light and dark, on screen and on paper.
//!
//! In: one or more runs. Out: the file's text. Every word that comes from a run directory is escaped ([`escape`]).

mod parts;
mod tables;

use super::Named;
use super::figures::{FIGURES, Scales};
use super::svg::{Chart, escape, style};
use super::table::interval;
use crate::campaign::stats::Interval;
use std::fmt::Write;

/// Whoever has chosen keeps the choice; without a script the system's preference holds.
const THEME: &str = "\
const r=document.documentElement,b=document.getElementById('theme');\
b.hidden=false;b.onclick=()=>{const d=r.dataset.theme?r.dataset.theme==='dark':matchMedia('(prefers-color-scheme: dark)').matches;\
r.dataset.theme=d?'light':'dark'};";

/// The report of these runs.
pub fn render(runs: &[Named]) -> String {
    let title = match runs {
        [one] => format!("Stuckat report: {}", one.name),
        _ => format!("Stuckat report: {} runs", runs.len()),
    };
    let class = match runs.len() {
        1 => "one",
        2 => "two",
        _ => "several",
    };
    let mut body = parts::header(runs);
    body += "<main>\n";
    body += &parts::provenance(runs);
    body += &parts::warnings(runs);
    if let [one] = runs {
        body += &parts::tiles(&one.summary);
    }
    body += &tables::accuracy(runs);
    body += &parts::differences_to_study(runs);
    body += &figures(runs);
    body += &tables::harmful(runs);
    body += &parts::fired(runs);
    body += "</main>\n";
    page(&title, class, "", &body)
}

/// A page in this style: its title (not yet escaped), the class of its body, more style rules, and its content.
pub(crate) fn page(title: &str, class: &str, style: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>\n{}{}{style}</style>\n</head>\n\
         <body class=\"{class}\">\n{body}<script>{THEME}</script>\n</body>\n</html>\n",
        escape(title),
        style::PAGE,
        include_str!("page.css"),
    )
}

/// An interval of fractions of 1, as percentages.
fn range(i: Interval) -> String {
    interval(i).replace(" - ", " – ")
}

fn figures(runs: &[Named]) -> String {
    let scales = Scales::of(runs);
    let mut text = "<h2>Figures</h2>\n<div class=\"figures\">\n".to_owned();
    for figure in FIGURES {
        let drawn: Vec<_> = runs.iter().map(|run| (figure.draw)(&run.summary, &scales)).collect();
        let Some(first) = drawn.iter().position(Option::is_some) else { continue };
        let _ = write!(
            text,
            "<section class=\"figure\" id=\"{}\">\n<h3>{}</h3>\n<div class=\"runs\">\n",
            figure.id,
            escape(figure.title),
        );
        for (run, chart) in runs.iter().zip(&drawn) {
            let name = if runs.len() > 1 { parts::run_name(run) } else { String::new() };
            let nothing = || "<p class=\"caption\">Nothing to show of this run.</p>".to_owned();
            let chart = chart.as_ref().map_or_else(nothing, Chart::inline);
            let _ = writeln!(text, "<figure>{name}{chart}</figure>");
        }
        let caption = (figure.caption)(&runs[first].summary, runs.len() > 1);
        let _ = write!(text, "</div>\n<p class=\"caption\">{}</p>\n</section>\n", escape(&caption));
    }
    text + "</div>\n"
}

/// The charts as files of their own: name without folder, and content.
pub fn files(runs: &[Named]) -> Vec<(String, String)> {
    let scales = Scales::of(runs);
    let mut files = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        for figure in FIGURES {
            let Some(chart) = (figure.draw)(&run.summary, &scales) else { continue };
            let (name, title) = match runs.len() {
                1 => (format!("{}.svg", figure.id), figure.title.to_owned()),
                _ => (
                    format!("{}-{}-{}.svg", number + 1, plain(&run.name), figure.id),
                    format!("{}: {}", run.name, figure.title),
                ),
            };
            files.push((name, chart.file(&title)));
        }
    }
    files
}

/// A name that every file system takes.
fn plain(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    name.chars().map(keep).take(60).collect()
}
