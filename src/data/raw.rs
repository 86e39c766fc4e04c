//! Raw bytes: a `.bin` file in, records of a given size out, one after the other, without a header.

use super::set::Builder;
use super::{DataError, DataSet, Element, Format, Shape, Source, file, labels};

pub(super) fn load(source: &Source) -> Result<DataSet, DataError> {
    let wrong = |what: String| DataError::format(file::shown(&source.images), what);
    let Some(record) = source.record.filter(|record| *record > 0) else {
        let what = "raw bytes, and nothing says how many an image has; give a network, whose input says it, or save a .npy file";
        return Err(wrong(what.into()));
    };
    let bytes = file::read(&source.images)?;
    if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
        let what = format!("its {} bytes are no whole records of {record} bytes", bytes.len());
        return Err(wrong(what));
    }
    let count = bytes.len() / record;
    let mut builder = Builder::new(file::shown(&source.images), Format::Bin);
    builder.labels = source.labels.as_ref().map(|path| labels::read(path, count)).transpose()?;
    builder.images(Element::Raw, Shape::Array(vec![record]), count, bytes)
}
