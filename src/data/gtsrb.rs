//! GTSRB, the German Traffic Sign Recognition Benchmark: its folders and tables in, photographs of several sizes out.
//!
//! Format (Stallkamp, Schlipsing, Salmen, Igel, "Man vs. computer", 2012, and the readme of the published archives):
//! `Final_Training/Images/000xx/*.ppm` with `GT-000xx.csv`, `Final_Test/Images/*.ppm` with `GT-final_test.csv`, which comes in an archive of its
//! own. A table has a heading and a line for each photograph: `Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId`. The region of interest
//! ends before column `Roi.X2` and row `Roi.Y2`: only so the border around it has the 5 pixels at least that the readme promises.

use super::set::{Builder, Pictures};
use super::{DataError, DataSet, Format, Part, Source, file, labels, table};
use crate::data::picture::Picture;
use std::path::{Path, PathBuf};

const CLASSES: u16 = 43;
const ROI: [&str; 4] = ["Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2"];

/// Where the parts are, in the folder or in the one that the archives hold.
fn root(folder: &Path) -> Option<PathBuf> {
    let holds =
        |root: &PathBuf| [Part::Train, Part::Test].iter().any(|part| images(root, *part).is_dir());
    [folder.to_owned(), folder.join("GTSRB")].into_iter().find(holds)
}

fn images(root: &Path, part: Part) -> PathBuf {
    let part = match part {
        Part::Train => "Final_Training",
        Part::Test => "Final_Test",
    };
    root.join(part).join("Images")
}

pub(super) fn is_folder(folder: &Path) -> bool {
    root(folder).is_some()
}

pub(super) fn load(source: &Source) -> Result<DataSet, DataError> {
    let folder = &source.images;
    let none = |what: &str| {
        let what = format!(
            "it holds no {what}; give the folder with the unpacked archives, or another --split"
        );
        DataError::format(file::shown(folder), what)
    };
    let root =
        root(folder).ok_or_else(|| none("Final_Test/Images and no Final_Training/Images"))?;
    let mut rows = Vec::new();
    for part in source.split.parts() {
        let images = images(&root, *part);
        if !images.is_dir() {
            let part =
                if *part == Part::Test { "Final_Test/Images" } else { "Final_Training/Images" };
            return Err(none(part));
        }
        match part {
            Part::Train => train(&images, &mut rows)?,
            Part::Test => test(&images, source.labels.is_none() || source.crop, &mut rows)?,
        }
    }
    let mut builder = Builder::new(file::shown(folder), Format::Gtsrb);
    let mut pictures = Pictures::default();
    for row in &rows {
        let picture = row.picture(source.crop)?;
        pictures.push(&picture).map_err(|what| DataError::format(file::shown(&row.path), what))?;
        builder.names.push(relative(&row.path, &root));
    }
    builder.labels = match &source.labels {
        Some(path) => Some(labels::read(path, rows.len())?),
        None => rows.iter().map(|row| row.class).collect(),
    };
    builder.pictures(pictures)
}

fn relative(path: &Path, root: &Path) -> String {
    file::shown(path.strip_prefix(root).unwrap_or(path))
}

/// A photograph, and what its table says of it.
struct Photograph {
    path: PathBuf,
    /// File and line of the table, for messages.
    place: String,
    roi: [usize; 4],
    /// `None` where no table is.
    class: Option<u16>,
}

impl Photograph {
    fn picture(&self, crop: bool) -> Result<Picture, DataError> {
        let bytes = match file::read(&self.path) {
            Err(DataError::Read { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound => {
                let what = format!("{} is named here and missing", file::shown(&self.path));
                return Err(DataError::format(&self.place, what));
            }
            other => other?,
        };
        let picture = Picture::decode(&bytes).map_err(|e| {
            DataError::format(file::shown(&self.path), format!("it cannot be decoded: {e}"))
        })?;
        if !crop {
            return Ok(picture);
        }
        picture.crop(self.roi).ok_or_else(|| {
            let ([left, top, right, bottom], size) = (self.roi, picture.size);
            let what = format!(
                "the region of interest, columns {left} to {right} and rows {top} to {bottom}, is empty or not inside the photograph of {} x {} pixels",
                size.height, size.width
            );
            DataError::format(&self.place, what)
        })
    }
}

fn train(images: &Path, rows: &mut Vec<Photograph>) -> Result<(), DataError> {
    let before = rows.len();
    for folder in file::list(images)?.into_iter().filter(|path| path.is_dir()) {
        let table = folder.join(format!("GT-{}.csv", file::name(&folder)));
        read_table(&table, &folder, rows)?;
    }
    if rows.len() == before {
        let what = "it holds no folder with photographs, such as 00000";
        return Err(DataError::format(file::shown(images), what));
    }
    Ok(())
}

/// The table may lie beside the photographs, or up to three folders above, where its archive unpacks to.
fn test(images: &Path, needed: bool, rows: &mut Vec<Photograph>) -> Result<(), DataError> {
    let mut places = images.ancestors().take(4).map(|place| place.join("GT-final_test.csv"));
    if let Some(table) = places.find(|table| table.is_file()) {
        return read_table(&table, images, rows);
    }
    if needed {
        let what = "GT-final_test.csv is missing; get it (GTSRB_Final_Test_GT.zip): GT-final_test.test.csv has no classes";
        return Err(DataError::format(file::shown(images), what));
    }
    let photographs = file::list(images)?.into_iter().filter(|path| {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("ppm"))
    });
    rows.extend(photographs.map(|path| Photograph {
        place: file::shown(&path),
        path,
        roi: [0; 4],
        class: None,
    }));
    Ok(())
}

fn read_table(path: &Path, images: &Path, rows: &mut Vec<Photograph>) -> Result<(), DataError> {
    let mut lines = table::read(path)?.into_iter();
    let (_, heading) = lines.next().unwrap_or_default();
    let column = |name: &str| {
        heading.iter().position(|field| field == name).ok_or_else(|| {
            let what = format!(
                "its heading has no column '{name}'; it should be Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"
            );
            DataError::format(file::shown(path), what)
        })
    };
    let (name, class) = (column("Filename")?, column("ClassId")?);
    let roi = [column(ROI[0])?, column(ROI[1])?, column(ROI[2])?, column(ROI[3])?];
    for (line, fields) in lines {
        let place = format!("{}:{line}", file::shown(path));
        let number = |column: usize| -> Result<usize, DataError> {
            let field = fields.get(column).map_or("", String::as_str);
            field.parse().map_err(|_| {
                let (field, column) = (labels::clip(field), &heading[column]);
                DataError::format(&place, format!("'{field}' is no number for {column}"))
            })
        };
        let file_name = fields.get(name).filter(|name| is_plain(name)).ok_or_else(|| {
            let what = "its Filename is no name of a file in the folder of the photographs";
            DataError::format(&place, what)
        })?;
        let label = u16::try_from(number(class)?).ok().filter(|label| *label < CLASSES);
        let label = label.ok_or_else(|| {
            let what =
                format!("ClassId {}; GTSRB has classes 0 to 42", labels::clip(&fields[class]));
            DataError::format(&place, what)
        })?;
        let roi = [number(roi[0])?, number(roi[1])?, number(roi[2])?, number(roi[3])?];
        rows.push(Photograph { path: images.join(file_name), place, roi, class: Some(label) });
    }
    Ok(())
}

/// A name that leads to no other folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && Path::new(name).file_name().is_some_and(|last| last == name)
}
