//! Tests the translation, statement by statement.

use super::names::Scope;
use super::statement::Statement;
use super::translate;

fn sql(script: &str) -> String {
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn({
            let script = script.to_owned();
            move || {
                let statements = translate(&script, &Scope::default(), &|| Ok(())).unwrap();
                let texts = statements.into_iter().map(|statement| match statement {
                    Statement::Query { sql, .. }
                    | Statement::Dml { sql, .. }
                    | Statement::CreateView { sql, .. } => sql,
                    Statement::CreateTable(create) => create.query.unwrap_or_default(),
                    other => format!("{other:?}"),
                });
                texts.collect::<Vec<_>>().join("\n")
            }
        })
        .unwrap()
        .join()
        .unwrap()
}

fn refused(script: &str) -> String {
    let script = script.to_owned();
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    thread
        .spawn(move || translate(&script, &Scope::default(), &|| Ok(())).unwrap_err().to_string())
        .unwrap()
        .join()
        .unwrap()
}

#[test]
fn the_key_of_a_row() {
    assert_eq!(
        sql(
            "CREATE OR REPLACE TABLE `p.d.m` AS SELECT MD5(CONCAT(COALESCE(CAST(a AS STRING), \"\"), COALESCE(CAST(b AS \
             STRING), \"\"))) AS k, \"f.csv\" AS f, * FROM `p.d.m_ext`"
        ),
        "SELECT BQ_MD5(CONCAT(COALESCE(BQ_STRING(a), ''), COALESCE(BQ_STRING(b), ''))) AS k, 'f.csv' AS f, * FROM \
         \"d\".\"m_ext\""
    );
}

#[test]
fn divisions_bind_as_written() {
    assert_eq!(sql("SELECT a * b / c - d / -e"), "SELECT BQ_DIV(a * b, c) - BQ_DIV(d, -e)");
    assert_eq!(
        sql("SELECT SUM(a) OVER (PARTITION BY b) / 2 / x[OFFSET(0)].f"),
        "SELECT BQ_DIV(BQ_DIV(SUM(a) OVER (PARTITION BY b), 2), BQ_OFFSET(x, 0).f)"
    );
    assert_eq!(
        sql("SELECT COUNT(*) / 2, t.* FROM d.t AS t"),
        "SELECT BQ_DIV(COUNT(*), 2), t.* FROM \"d\".\"t\" AS t"
    );
}

#[test]
fn insert_only_merge() {
    assert_eq!(
        sql(
            "MERGE INTO `p.d.m` T USING `p.d.s` S ON T.k = S.k WHEN NOT MATCHED THEN INSERT (k, a) VALUES (S.k, S.a)"
        ),
        "MERGE INTO \"d\".\"m\" AS T USING \"d\".\"s\" AS S ON T.k = S.k WHEN NOT MATCHED THEN INSERT (k, a) VALUES (S.k, \
         S.a)"
    );
}

#[test]
fn tables_are_told_from_aliases_and_expressions() {
    let scope = Scope::default();
    let script = "WITH x AS (SELECT 1 AS a) SELECT EXTRACT(YEAR FROM d.day), s.n FROM p.d.t AS d, d.items AS s JOIN x ON \
                  x.a IS NOT DISTINCT FROM s.n";
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    let tables = thread
        .spawn(move || match translate(script, &scope, &|| Ok(())).unwrap().remove(0) {
            Statement::Query { tables, .. } => tables,
            other => panic!("{other:?}"),
        })
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(
        tables.iter().map(|table| format!("{}.{}", table.dataset, table.table)).collect::<Vec<_>>(),
        ["d.t"]
    );
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    assert!(
        refused("SELECT 1;\nDECLARE x INT64")
            .contains("not supported by the embedded warehouse: DECLARE at [2:1]")
    );
    assert!(refused("SELECT (1").contains("Unclosed \"(\" at [1:8]"));
    assert!(refused("CREATE TABLE d.t (x VARCHAR2)").contains("Type not found: VARCHAR2 at [1:21]"));
    assert!(refused("SELECT FARM_FINGERPRINT('a')").contains("FARM_FINGERPRINT at [1:8]"));
    assert!(refused("UPDATE d.t SET a = 1").contains("UPDATE must have a WHERE clause"));
    assert!(refused("SELECT @x").contains("Query parameter 'x' not found at [1:8]"));
    assert!(
        refused("SELECT * FROM t")
            .contains("must be qualified with a dataset (e.g. dataset.table) at [1:15]")
    );
    assert!(refused("").contains("Unexpected end of script"));
}
