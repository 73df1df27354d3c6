// A dashboard to begin with.

export const TEMPLATE = `title: My dashboard
timeWindow:
  default: P7D
  max: P365D
charts:
  - id: executions
    type: io.kestra.plugin.core.dashboard.chart.TimeSeries
    chartOptions:
      displayName: Executions
      width: 8
      column: date
      colorByColumn: state
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        date: { field: START_DATE }
        state: { field: STATE }
        total: { agg: COUNT }
  - id: success
    type: io.kestra.plugin.core.dashboard.chart.KPI
    chartOptions:
      displayName: Success ratio
      numberType: PERCENTAGE
      width: 4
    data:
      type: io.kestra.plugin.core.dashboard.data.ExecutionsKPI
      columns: { field: ID, agg: COUNT }
      numerator:
        - { field: STATE, type: IN, values: [SUCCESS] }
  - id: states
    type: io.kestra.plugin.core.dashboard.chart.Pie
    chartOptions:
      displayName: States
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        state: { field: STATE }
        total: { agg: COUNT }
  - id: flows
    type: io.kestra.plugin.core.dashboard.chart.Table
    chartOptions:
      displayName: Executions by flow
      width: 6
    data:
      type: io.kestra.plugin.core.dashboard.data.Executions
      columns:
        namespace: { field: NAMESPACE }
        flow: { field: FLOW_ID }
        total: { agg: COUNT, displayName: Executions }
        mean: { field: DURATION, agg: AVG, displayName: Mean seconds }
      orderBy:
        - { column: total, order: DESC }
`;
