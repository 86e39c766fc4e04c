//! Folders of picture files: PNG, JPEG, PPM, PGM and WebP in, pictures with classes out.
//!
//! Three forms, found out in this order. *By class*: each sub-folder is a class, as Keras' `image_dataset_from_directory` and torchvision's
//! `ImageFolder` take it: classes are numbered in the order of their sorted names, pictures may lie deeper. But if all names are whole
//! numbers, they are the classes' numbers. *With a table*: pictures in one folder, and a table of names and labels: `Source::labels`, or the only
//! `.csv`, or `labels.txt`, in it, or `NAME.csv` beside the folder `NAME`. *Without labels*: pictures only.
//!
//! Where a folder holds sub-folders for training and for testing (`train`, and `test` or `val`), and any others are none of pictures, these are the
//! parts of the set.

use super::set::{Builder, Pictures};
use super::{DataError, DataSet, Format, Part, Source, cifar, file, labels, table};
use crate::data::picture::Picture;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "ppm", "pgm", "pnm", "webp"];
const TRAIN: [&str; 2] = ["train", "training"];
const TEST: [&str; 5] = ["test", "testing", "val", "valid", "validation"];
/// Headings of the column with file names, and of that with labels; without capitals.
const NAMES: [&str; 9] =
    ["filename", "file_name", "file", "path", "image", "image_name", "name", "img", "id"];
const LABELS: [&str; 8] =
    ["classid", "class_id", "label", "labels", "class", "category", "target", "label_id"];
/// Folders in folders, at the most: links may lead in a circle.
const MAX_DEPTH: usize = 8;

/// A picture file and what is said of its class.
struct Entry {
    path: PathBuf,
    /// Where its class is named, for messages.
    place: String,
    class: Option<String>,
}

pub(super) fn load(source: &Source) -> Result<DataSet, DataError> {
    let root = &source.images;
    if !root.is_dir() && root.exists() {
        let what = "a file; a data set of this format is a folder of pictures";
        return Err(DataError::format(file::shown(root), what));
    }
    if let Some(path) = cifar::pickle(root) {
        return Err(cifar::refuse_pickle(&path));
    }
    let mut builder = Builder::new(file::shown(root), Format::Folder);
    let mut entries = Vec::new();
    let mut classes = BTreeSet::new();
    for folder in parts(source)? {
        read_part(&folder, source, &mut builder, &mut entries, &mut classes)?;
    }
    number(&entries, classes, &mut builder)?;
    let mut pictures = Pictures::default();
    for entry in &entries {
        let wrong = |what: String| DataError::format(file::shown(&entry.path), what);
        let picture = Picture::decode(&file::read(&entry.path)?)
            .map_err(|e| wrong(format!("it cannot be decoded: {e}")))?;
        pictures.push(&picture).map_err(wrong)?;
        let name = entry.path.strip_prefix(root).unwrap_or(&entry.path);
        builder.names.push(file::shown(name));
    }
    builder.pictures(pictures)
}

/// The folders of the parts that are wanted; the folder itself if it has no parts.
fn parts(source: &Source) -> Result<Vec<PathBuf>, DataError> {
    let root = &source.images;
    let folders = folders(root)?;
    let find = |names: &[&str]| {
        names.iter().find_map(|name| {
            folders.iter().find(|path| file::name(path).eq_ignore_ascii_case(name)).cloned()
        })
    };
    let (train, test) = (find(&TRAIN), find(&TEST));
    let known = |path: &PathBuf| {
        let name = file::name(path).to_ascii_lowercase();
        TRAIN.iter().chain(&TEST).any(|part| *part == name)
    };
    let all_known = !folders.is_empty() && folders.iter().all(known);
    if !all_known && (train.is_none() || test.is_none()) {
        return Ok(vec![root.clone()]);
    }
    let parts = source.split.parts().iter().map(|part| {
        let (found, names) = match part {
            Part::Train => (&train, TRAIN.as_slice()),
            Part::Test => (&test, TEST.as_slice()),
        };
        found.clone().ok_or_else(|| {
            let what = format!("it has no folder '{}'; give another --split", names.join("' or '"));
            DataError::format(file::shown(root), what)
        })
    });
    parts.collect()
}

/// Sub-folders that may be classes; `__MACOSX` and the like are none.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let all = file::list(folder)?.into_iter();
    Ok(all.filter(|path| path.is_dir() && !file::name(path).starts_with("__")).collect())
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|e| EXTENSIONS.contains(&e.as_str())) && path.is_file()
}

/// Pictures in a folder and in those below.
fn pictures_below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), DataError> {
    if depth > MAX_DEPTH {
        let what =
            format!("folders more than {MAX_DEPTH} deep; is there a link to a folder above?");
        return Err(DataError::format(file::shown(folder), what));
    }
    for path in file::list(folder)? {
        if path.is_dir() {
            pictures_below(&path, depth + 1, found)?;
        } else if is_picture(&path) {
            found.push(path);
        }
    }
    Ok(())
}

fn read_part(
    folder: &Path,
    source: &Source,
    builder: &mut Builder,
    entries: &mut Vec<Entry>,
    classes: &mut BTreeSet<String>,
) -> Result<(), DataError> {
    let wrong = |what: String| DataError::format(file::shown(folder), what);
    let flat: Vec<PathBuf> = file::list(folder)?.into_iter().filter(|p| is_picture(p)).collect();
    let none = || {
        let kinds = EXTENSIONS.join(", ");
        wrong(format!("it holds no pictures ({kinds}), here or by class in folders"))
    };
    let table = match &source.labels {
        // Its rows may lead to pictures in folders.
        Some(table) => {
            let mut found = Vec::new();
            pictures_below(folder, 1, &mut found)?;
            if found.is_empty() {
                return Err(none());
            }
            Some(table.clone())
        }
        None if flat.is_empty() => None,
        None => table_of(folder)?,
    };
    if let Some(table) = table {
        let named = read_table(&table, folder)?;
        classes.extend(named.iter().filter_map(|entry| entry.class.clone()));
        let rows: HashSet<&Path> = named.iter().map(|entry| entry.path.as_path()).collect();
        let left = flat.iter().filter(|path| !rows.contains(path.as_path())).count();
        if left > 0 {
            builder.notes.push(format!(
                "{left} pictures in {} have no row in {} and are left out",
                folder.display(),
                table.display()
            ));
        }
        entries.extend(named);
        return Ok(());
    }
    let mut by_class = BTreeMap::new();
    for class in folders(folder)? {
        let mut found = Vec::new();
        pictures_below(&class, 1, &mut found)?;
        by_class.insert(file::name(&class), found);
    }
    let empty =
        by_class.iter().find(|(_, pictures)| pictures.is_empty()).map(|(class, _)| class.clone());
    let all_empty = by_class.values().all(Vec::is_empty);
    match (flat.is_empty(), all_empty) {
        (true, true) => Err(none()),
        (false, false) => Err(wrong(
            "it holds pictures and folders of pictures, so that nothing says which are meant; give one of them".into(),
        )),
        (false, true) => {
            entries.extend(flat.into_iter().map(|path| Entry {
                place: file::shown(&path),
                path,
                class: None,
            }));
            Ok(())
        }
        (true, false) => {
            // Left out, it would change the numbers of the classes after it.
            if let Some(class) = empty {
                let what = format!("the folder '{class}' holds no pictures; is it a class? remove it if not");
                return Err(wrong(what));
            }
            for (class, pictures) in by_class {
                entries.extend(pictures.into_iter().map(|path| Entry {
                    place: file::shown(&path),
                    path,
                    class: Some(class.clone()),
                }));
                classes.insert(class);
            }
            Ok(())
        }
    }
}

/// The table that belongs to a folder of pictures.
fn table_of(folder: &Path) -> Result<Option<PathBuf>, DataError> {
    let is_table = |path: &PathBuf| {
        let name = file::name(path).to_ascii_lowercase();
        path.is_file() && (name.ends_with(".csv") || name == "labels.txt")
    };
    let inside: Vec<PathBuf> = file::list(folder)?.into_iter().filter(is_table).collect();
    if let [first, second, ..] = inside.as_slice() {
        let what = format!(
            "it holds several tables ({}, {}); say which one has the labels",
            file::name(first),
            file::name(second)
        );
        return Err(DataError::format(file::shown(folder), what));
    }
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let beside = whole.with_file_name(format!("{}.csv", file::name(&whole)));
    Ok(inside.into_iter().next().or(beside.is_file().then_some(beside)))
}

/// A row for each picture; the first may be a heading.
fn read_table(path: &Path, folder: &Path) -> Result<Vec<Entry>, DataError> {
    let rows = table::read(path)?;
    let shown = file::shown(path);
    let Some((_, first)) = rows.first() else {
        return Err(DataError::format(
            shown,
            "it is empty; it should have a row for each picture: name,label",
        ));
    };
    let column = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| first.iter().position(|field| field.eq_ignore_ascii_case(name)))
    };
    let (columns, heading) = match (column(&NAMES), column(&LABELS), first.len()) {
        (Some(name), Some(label), _) => ((name, label), true),
        // A heading in other words names no file.
        (_, _, 2) => ((0, 1), find(&first[0], path, folder).is_none() && rows.len() > 1),
        (_, _, 1) => {
            let what =
                "its rows have one field; give the name of the picture and its label: name,label";
            return Err(DataError::format(format!("{shown}:1"), what));
        }
        _ => {
            let what = "it has several columns and no heading that tells which are meant; call them 'name' and 'label'";
            return Err(DataError::format(format!("{shown}:1"), what));
        }
    };
    let mut entries = Vec::new();
    let mut seen = HashSet::new();
    for (line, fields) in rows.iter().skip(usize::from(heading)) {
        let place = format!("{shown}:{line}");
        let wrong = |what: String| DataError::format(&place, what);
        let (Some(name), Some(label)) = (fields.get(columns.0), fields.get(columns.1)) else {
            return Err(wrong("it has no name and label".into()));
        };
        let Some(picture) = find(name, path, folder) else {
            let what =
                format!("there is no picture '{}' in {}", labels::clip(name), folder.display());
            return Err(wrong(what));
        };
        if label.is_empty() {
            return Err(wrong(format!("'{}' has no label", labels::clip(name))));
        }
        if !seen.insert(picture.clone()) {
            return Err(wrong(format!(
                "'{}' has a row before this one already",
                labels::clip(name)
            )));
        }
        entries.push(Entry { path: picture, place, class: Some(label.clone()) });
    }
    Ok(entries)
}

/// The picture that a row means: in the folder, or relative to the table; the extension may be left out.
fn find(name: &str, table: &Path, folder: &Path) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    let beside = table.parent().unwrap_or(Path::new(""));
    [folder, beside].into_iter().find_map(|place| {
        let path = place.join(name);
        if is_picture(&path) {
            return Some(path);
        }
        let with = |extension: &&str| place.join(format!("{name}.{extension}"));
        EXTENSIONS.iter().map(with).find(|path| path.is_file())
    })
}

/// Numbers the classes: by their names if these are whole numbers, else in the order of the names.
fn number(
    entries: &[Entry],
    classes: BTreeSet<String>,
    builder: &mut Builder,
) -> Result<(), DataError> {
    if entries.iter().any(|entry| entry.class.is_none()) {
        if let Some(entry) = entries.iter().find(|entry| entry.class.is_some()) {
            let what =
                "some pictures have a class and others have none; read one part with --split";
            return Err(DataError::format(&entry.place, what));
        }
        return Ok(());
    }
    let whole = |name: &String| {
        (!name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()))
            .then(|| name.parse::<u64>().unwrap_or(u64::MAX))
    };
    let numbers: Option<Vec<u64>> = classes.iter().map(whole).collect();
    let numbered = numbers.is_some();
    let numbers = numbers.unwrap_or_else(|| (0..classes.len() as u64).collect());
    let of: BTreeMap<&String, u64> = classes.iter().zip(numbers).collect();
    let mut found = Vec::new();
    for entry in entries {
        let number = entry.class.as_ref().and_then(|class| of.get(class)).copied().unwrap_or(0);
        found.push(u16::try_from(number).map_err(|_| {
            let class = labels::clip(entry.class.as_deref().unwrap_or_default());
            DataError::format(
                &entry.place,
                format!("class '{class}'; classes are numbers from 0 to 65535"),
            )
        })?);
    }
    builder.labels = Some(found);
    builder.classes = (!numbered).then(|| classes.into_iter().collect());
    Ok(())
}
