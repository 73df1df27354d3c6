//! The types of decimals that come from Parquet files.
//!
//! To add a type, add a line to [`TARGETS`].

use super::super::sql::datatype::{self, DataType};
use super::super::sql::{invalid, lex};
use super::{literal, quoted};
use segue_ports::warehouse::{Column, Mode, WarehouseError};

/// The types that decimals can become, the narrowest first.
const TARGETS: [&str; 3] = ["NUMERIC", "BIGNUMERIC", "STRING"];

/// The query that reads `table` with the decimals as `targets` says. None of `targets`: NUMERIC.
pub(in super::super) fn select(
    table: &str,
    columns: &[Column],
    targets: &[String],
) -> Result<String, WarehouseError> {
    if let Some(unknown) = targets.iter().find(|target| !TARGETS.contains(&target.as_str())) {
        let message = format!("decimalTargetTypes has '{unknown}'; it takes NUMERIC, BIGNUMERIC and STRING");
        return Err(invalid(&message, None, None));
    }
    let is_allowed = |name: &str| {
        if targets.is_empty() { name == "NUMERIC" } else { targets.iter().any(|own| own == name) }
    };
    let mut replaced = Vec::new();
    for column in columns.iter().filter(|column| column.mode != Mode::Repeated) {
        let own = datatype::parse(&lex::lex(&column.data_type)?)?;
        let is_wide = match own.plain() {
            DataType::Numeric => false,
            DataType::BigNumeric => true,
            _ => continue,
        };
        let name = quoted(&column.name)?;
        // The first type with room. If there is none, the widest one that is allowed.
        let fitting = TARGETS.iter().skip(usize::from(is_wide)).find(|target| is_allowed(target));
        let target = fitting.or_else(|| TARGETS.iter().rev().find(|target| is_allowed(target)));
        let Some(target) = target else { continue };
        let value = if is_wide && *target == "NUMERIC" {
            let message = literal(&format!(
                "The field {} has a value that is out of the range of NUMERIC",
                column.name
            ));
            format!(
                "IF({name} IS NULL OR CAST(SAFE_CAST({name} AS NUMERIC) AS STRING) = CAST({name} AS STRING), \
                 CAST({name} AS NUMERIC), ERROR({message}))"
            )
        } else {
            format!("CAST({name} AS {target})")
        };
        replaced.push(format!("{value} AS {name}"));
    }
    if replaced.is_empty() {
        return Ok(format!("SELECT * FROM {table}"));
    }
    Ok(format!("SELECT * REPLACE ({}) FROM {table}", replaced.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(data_type: &str, targets: &[&str]) -> String {
        let column = Column { name: "n".to_owned(), data_type: data_type.to_owned(), ..Column::default() };
        let targets: Vec<String> = targets.iter().map(|target| (*target).to_owned()).collect();
        select("`d.t`", &[column], &targets).unwrap()
    }

    #[test]
    fn the_first_type_with_room_is_taken() {
        for (own, targets, wanted) in [
            ("NUMERIC(10, 2)", &[][..], "CAST(`n` AS NUMERIC)"),
            ("NUMERIC(10, 2)", &["STRING", "BIGNUMERIC"], "CAST(`n` AS BIGNUMERIC)"),
            ("BIGNUMERIC", &["NUMERIC", "BIGNUMERIC"], "CAST(`n` AS BIGNUMERIC)"),
            ("BIGNUMERIC", &["NUMERIC", "STRING"], "CAST(`n` AS STRING)"),
        ] {
            assert_eq!(
                selected(own, targets),
                format!("SELECT * REPLACE ({wanted} AS `n`) FROM `d.t`"),
                "{own}"
            );
        }
        assert!(selected("BIGNUMERIC", &[]).contains("ERROR("));
        assert_eq!(selected("INT64", &["NUMERIC"]), "SELECT * FROM `d.t`");
        assert!(select("`d.t`", &[], &["FLOAT64".to_owned()]).is_err());
    }
}
