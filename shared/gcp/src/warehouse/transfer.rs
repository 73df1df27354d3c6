//! Copy, load and extract jobs: their configurations, and what their statistics say.
//!
//! A file that only the service can read is uploaded with the job: the account of a flow needs no access to it, and
//! BigQuery takes it wherever the dataset is.
//!
//! It must not know: how a job is started and waited for (`jobs`).

use super::api::{Api, text};
use super::jobs::{Asked, Begun, Work, ended};
use super::outcome::number;
use super::{request, schema};
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_configuration::JobConfiguration;
use gcp_bigquery_client::model::job_configuration_extract::JobConfigurationExtract;
use gcp_bigquery_client::model::job_configuration_load::JobConfigurationLoad;
use gcp_bigquery_client::model::job_configuration_table_copy::JobConfigurationTableCopy;
use segue_ports::warehouse::{
    Copied, CopyJob, CsvFormat, ExtractJob, Extracted, FileFormat, JobSettings, LoadJob, LoadSource, Loaded,
    WarehouseError, WriteDisposition,
};
use serde_json::Value;

fn asked<'a>(api: &'a Api, settings: &'a JobSettings, work: Work<'a>) -> Asked<'a> {
    Asked {
        id: &settings.job_id,
        project: settings.project.as_deref().unwrap_or(api.project()),
        location: settings.location.clone(),
        patience: settings.patience,
        work,
    }
}

/// The configuration with the labels of the job.
fn labelled(settings: &JobSettings, configuration: JobConfiguration) -> JobConfiguration {
    JobConfiguration { labels: Some(settings.labels.clone().into_iter().collect()), ..configuration }
}

fn id(job: &Job) -> String {
    job.job_reference.as_ref().map(|reference| text(&reference.job_id).to_owned()).unwrap_or_default()
}

/// Copies tables.
pub(super) async fn copy(api: &Api, job: &CopyJob) -> Result<Copied, WarehouseError> {
    let project = job.settings.project.as_deref().unwrap_or(api.project());
    let copy = JobConfigurationTableCopy {
        source_tables: Some(job.sources.iter().map(|table| request::table(table, project)).collect()),
        destination_table: Some(request::table(&job.destination, project)),
        operation_type: Some(job.kind.name().to_owned()),
        write_disposition: request::said(job.write_disposition),
        create_disposition: request::said(job.create_disposition),
        ..JobConfigurationTableCopy::default()
    };
    let configuration =
        labelled(&job.settings, JobConfiguration { copy: Some(copy), ..JobConfiguration::default() });
    let done = ended(api, &asked(api, &job.settings, Work::Plain(Box::new(configuration)))).await?.job;
    Ok(Copied { job_id: id(&done), rows: None })
}

/// Writes a table to files.
pub(super) async fn extract(api: &Api, job: &ExtractJob) -> Result<Extracted, WarehouseError> {
    let project = job.settings.project.as_deref().unwrap_or(api.project());
    let is_csv = job.format == FileFormat::Csv;
    let extract = JobConfigurationExtract {
        source_table: Some(request::table(&job.source, project)),
        destination_uris: Some(job.uris.clone()),
        destination_format: Some(job.format.name().to_owned()),
        compression: job.compression.clone(),
        field_delimiter: job.field_delimiter.clone().filter(|_| is_csv),
        print_header: is_csv.then_some(job.print_header),
        use_avro_logical_types: job.use_avro_logical_types,
        ..JobConfigurationExtract::default()
    };
    let configuration =
        labelled(&job.settings, JobConfiguration { extract: Some(extract), ..JobConfiguration::default() });
    let done = ended(api, &asked(api, &job.settings, Work::Plain(Box::new(configuration)))).await?.job;
    let said = done.statistics.as_ref().and_then(|statistics| statistics.extract.as_ref());
    let counts = said.and_then(|said| said.destination_uri_file_counts.as_ref());
    let file_counts = counts.into_iter().flatten().map(|count| count.parse().unwrap_or_default()).collect();
    Ok(Extracted { job_id: id(&done), file_counts, rows: None, bytes: None })
}

/// Loads files.
pub(super) async fn load(api: &Api, job: &LoadJob) -> Result<Loaded, WarehouseError> {
    let settings = &job.settings;
    let project = settings.project.as_deref().unwrap_or(api.project());
    let configuration = load_configuration(job, project)?;
    let mut asked = match &job.source {
        LoadSource::Objects(_) => asked(api, settings, Work::Json(configuration)),
        LoadSource::File { open, .. } => asked(api, settings, Work::Upload(configuration, &**open)),
    };
    if let (Work::Upload(..), None) = (&asked.work, &asked.location) {
        // The job is looked for before the file is sent, and a job is found only where it is.
        let dataset =
            api.dataset(job.destination.project.as_deref().unwrap_or(project), &job.destination.dataset);
        asked.location = dataset.await.map_err(super::error::of_request)?.location;
    }
    let Begun { job: done, .. } = ended(api, &asked).await?;
    let said = done.statistics.as_ref().and_then(|statistics| statistics.load.as_ref());
    let rows = said.and_then(|said| number(&said.output_rows)).unwrap_or_default();
    Ok(Loaded { job_id: id(&done), rows })
}

fn load_configuration(job: &LoadJob, project: &str) -> Result<Value, WarehouseError> {
    let CsvFormat {
        allow_jagged_rows,
        allow_quoted_newlines,
        encoding,
        field_delimiter,
        quote,
        skip_leading_rows,
    } = if job.format == FileFormat::Csv { job.csv.clone() } else { CsvFormat::default() };
    let whole = |number: u64| i32::try_from(number).unwrap_or(i32::MAX);
    let load = JobConfigurationLoad {
        source_uris: match &job.source {
            LoadSource::Objects(uris) => Some(uris.clone()),
            LoadSource::File { .. } => None,
        },
        destination_table: Some(request::table(&job.destination, project)),
        source_format: Some(job.format.name().to_owned()),
        autodetect: job.autodetect.then_some(true),
        write_disposition: request::said(Some(
            job.write_disposition.unwrap_or(WriteDisposition::WriteAppend),
        )),
        create_disposition: request::said(job.create_disposition),
        ignore_unknown_values: job.ignore_unknown_values.then_some(true),
        max_bad_records: (job.max_bad_records > 0).then(|| whole(job.max_bad_records)),
        decimal_target_types: (!job.decimal_target_types.is_empty())
            .then(|| job.decimal_target_types.clone()),
        skip_leading_rows: skip_leading_rows.map(whole),
        allow_jagged_rows,
        allow_quoted_newlines,
        encoding,
        field_delimiter,
        quote,
        ..JobConfigurationLoad::default()
    };
    let configuration =
        labelled(&job.settings, JobConfiguration { load: Some(load), ..JobConfiguration::default() });
    let unwritable = |error: serde_json::Error| WarehouseError::Unavailable { message: error.to_string() };
    let mut configuration = serde_json::to_value(configuration).map_err(unwritable)?;
    let load = configuration.get_mut("load").and_then(Value::as_object_mut);
    if let (Some(load), false) = (load, job.columns.is_empty()) {
        load.insert("schema".to_owned(), schema::schema(&job.columns));
    }
    Ok(configuration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_ports::warehouse::{Column, TableReference};
    use serde_json::json;

    #[test]
    fn a_load_says_all_it_was_asked() {
        let job = LoadJob {
            settings: JobSettings {
                labels: [("k".to_owned(), "v".to_owned())].into(),
                ..JobSettings::default()
            },
            source: LoadSource::Objects(vec!["gs://b/*.csv".to_owned()]),
            destination: TableReference { project: None, dataset: "d".to_owned(), table: "t".to_owned() },
            format: FileFormat::Csv,
            csv: CsvFormat {
                skip_leading_rows: Some(1),
                field_delimiter: Some(";".to_owned()),
                quote: Some("'".to_owned()),
                encoding: Some("ISO-8859-1".to_owned()),
                allow_jagged_rows: Some(true),
                allow_quoted_newlines: Some(true),
            },
            columns: vec![Column {
                name: "n".to_owned(),
                data_type: "NUMERIC(10, 2)".to_owned(),
                ..Column::default()
            }],
            autodetect: false,
            write_disposition: None,
            create_disposition: None,
            ignore_unknown_values: true,
            max_bad_records: 3,
            decimal_target_types: vec!["NUMERIC".to_owned()],
        };
        assert_eq!(
            load_configuration(&job, "p").unwrap(),
            json!({"labels": {"k": "v"}, "load": {
                "allowJaggedRows": true, "allowQuotedNewlines": true, "encoding": "ISO-8859-1",
                "decimalTargetTypes": ["NUMERIC"],
                "destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"},
                "fieldDelimiter": ";", "ignoreUnknownValues": true, "maxBadRecords": 3, "quote": "'",
                "skipLeadingRows": 1, "sourceFormat": "CSV", "sourceUris": ["gs://b/*.csv"],
                "writeDisposition": "WRITE_APPEND",
                "schema": {"fields": [{"name": "n", "type": "NUMERIC", "precision": "10", "scale": "2"}]},
            }})
        );
    }
}
