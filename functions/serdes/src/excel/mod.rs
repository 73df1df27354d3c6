//! Excel workbooks (`.xlsx`). A workbook is held in memory: the parts of the file refer to each other.

mod read;
mod write;

pub use read::{DateTimeRender, ExcelToIon, ValueRender};
pub use write::IonToExcel;
