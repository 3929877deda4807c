package web

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/incident/similar"
	"github.com/tocsinhq/tocsin/ingest/changes"
	"github.com/tocsinhq/tocsin/notify/window"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web/logapi"
)

type openAPIFile struct {
	Paths map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Parameters  []struct {
			Name, In string
			Schema   struct{ Enum []string }
		}
		Responses map[string]any
	}
	Components struct {
		Schemas map[string]struct {
			Required   []string
			Properties map[string]any
		}
	}
}

func readOpenAPI(t *testing.T) openAPIFile {
	t.Helper()
	var doc openAPIFile
	if err := json.Unmarshal(openAPIDocument, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestOpenAPI_RoutesAndDocument_Agree(t *testing.T) {
	doc := readOpenAPI(t)
	s := &server{opts: Options{Incidents: struct{ Incidents }{}, Learning: struct{ Learning }{}, Lives: struct{ IncidentLives }{}, Shapes: struct{ IncidentShapes }{}, Write: http.NotFoundHandler(), OTLP: http.NotFoundHandler(), Push: http.NotFoundHandler(), Metrics: http.NotFoundHandler()}}
	documented := map[string]bool{}
	for path, ops := range doc.Paths {
		for method := range ops {
			documented[strings.ToUpper(method)+" "+path] = true
		}
	}
	ids := map[string]bool{}
	for _, rt := range s.routes() {
		key := rt.method + " " + rt.path
		if !documented[key] {
			t.Errorf("openapi.json lacks %s", key)
			continue
		}
		delete(documented, key)
		op := doc.Paths[rt.path][strings.ToLower(rt.method)]
		var params []string
		for _, p := range op.Parameters {
			if p.In == "query" {
				params = append(params, p.Name)
			}
		}
		if !slices.Equal(params, rt.params) {
			t.Errorf("%s: openapi.json has query parameters %v, the route %v", key, params, rt.params)
		}
		if _, has := op.Responses["503"]; rt.data && !has {
			t.Errorf("%s: needs the store, but openapi.json has no 503", key)
		}
		if op.OperationID == "" || ids[op.OperationID] {
			t.Errorf("%s: operationId %q is missing or taken", key, op.OperationID)
		}
		ids[op.OperationID] = true
	}
	for key := range documented {
		t.Errorf("openapi.json has %s, which is not served", key)
	}
}

// TestOpenAPI_SchemasAndNouns_Agree compares property names, and which of them
// may be absent, with the JSON tags of the Go types.
func TestOpenAPI_SchemasAndNouns_Agree(t *testing.T) {
	doc := readOpenAPI(t)
	nouns := map[string]any{
		"Error": ErrorBody{}, "Problem": Problem{}, "Occurrence": incident.Occurrence{}, "Reading": incident.Reading{}, "Incident": incident.Incident{}, "IncidentRow": IncidentRow{},
		"Suspect": Suspect{}, "IncidentList": IncidentList{}, "IncidentDetail": IncidentDetail{}, "Event": incident.Event{}, "EventRecord": EventRecord{},
		"Ranking": rca.Ranking{}, "Finding": rca.Finding{}, "Term": rca.Term{}, "Evidence": rca.Evidence{}, "Analysis": rca.Analysis{}, "Cause": rca.Cause{}, "Affected": rca.Affected{}, "Fix": rca.Fix{}, "Measure": rca.Measure{}, "Argument": rca.Argument{}, "Estimate": rca.Estimate{}, "Change": telemetry.Change{},
		"ChangeList": ChangeList{}, "ChangeRecorded": ChangeRecorded{}, "ChangeHookAnswer": changes.Answer{}, "ChangeVerdict": ChangeVerdict{}, "Delivered": delivery.Report{}, "DeliveryFigures": delivery.Figures{}, "DeliveryDurations": delivery.Durations{}, "Verdict": verdict.Verdict{}, "VerdictSignal": verdict.Finding{}, "VerdictArms": verdict.Comparison{}, "VerdictArmSignal": verdict.ArmFinding{}, "Word": change.Word{}, "Anomaly": Anomaly{}, "AnomalyList": AnomalyList{}, "Delivery": Delivery{}, "Stage": Stage{}, "StageReport": StageReport{}, "StageNote": stage.Note{}, "StagePassage": stage.Passage{}, "StagePromotion": stage.Promotion{}, "StageRollback": stage.Rollback{}, "StageVariable": stage.Variable{},
		"Band": Band{}, "Explanation": Explanation{}, "ChannelEvidence": ChannelEvidence{}, "Forecast": Forecast{}, "Crossing": Crossing{}, "ForecastList": ForecastList{}, "Room": Room{}, "RoomList": RoomList{}, "Status": Status{}, "ReloadStatus": ReloadStatus{}, "StoreStatus": StoreStatus{}, "LogStatus": LogStatus{}, "LogLine": logapi.Line{}, "LogBar": logapi.Bar{}, "LogHistogram": LogHistogram{}, "LogTemplate": logapi.TemplateRow{}, "LogTemplates": LogTemplates{}, "DetectorStatus": DetectorStatus{}, "Budget": Budget{}, "SLO": SLO{}, "SLOBurn": SLOBurn{}, "SLOList": SLOList{}, "Spender": Spender{}, "BudgetList": BudgetList{}, "MaintenanceList": MaintenanceList{}, "MaintenanceWindow": window.Status{}, "WarmStart": WarmStart{},
		"RunbookList": RunbookList{}, "RunbookText": RunbookText{}, "RunbookNames": RunbookNames{}, "RunbookWritten": RunbookWritten{}, "RunbooksWritten": RunbooksWritten{},
		"NotifyLog": NotifyLog{}, "NotifyEntry": NotifyEntry{},
		"Likeness": Likeness{}, "SimilarMatch": similar.Match{}, "SimilarRecord": similar.Record{}, "SimilarOutcome": similar.Outcome{}, "SharedEvidence": similar.Shared{}, "Estimates": Estimates{}, "StageEstimate": StageEstimate{},
		"Feedback": feedback.Feedback{}, "FeedbackList": FeedbackList{}, "Expectation": feedback.Expectation{}, "ExpectationHours": feedback.Hours{}, "ExpectationList": ExpectationList{},
		"Weights": Weights{}, "Refit": feedback.RefitRow{}, "RankingWeights": rca.Weights{}, "CalibrationStep": rca.Step{},
		"ScrapeStatus": ScrapeStatus{}, "FailingTarget": FailingTarget{}, "ForwardStatus": ForwardStatus{},
		"Import": Import{}, "ImportList": ImportList{},
		"Topology": Topology{}, "TopologyNode": TopologyNode{}, "TopologyEdge": TopologyEdge{}, "TopologyIncident": TopologyIncident{},
		"Cardinality": Cardinality{}, "CardinalityRow": CardinalityRow{}, "LabelValues": LabelValues{}, "MetricSeries": MetricSeries{}, "SeriesJump": SeriesJump{}, "SeriesAdvice": SeriesAdvice{},
		"RulesStatus": RulesStatus{}, "DetectionGap": journal.Gap{}, "AlertList": AlertList{}, "Alert": rules.Alert{}, "Oddness": rules.Oddness{}, "ForeseenBounds": rules.Bounds{}, "AlertLog": AlertLog{}, "AlertEntry": journal.Entry{}, "AlertPage": journal.Page{}, "Channel": Channel{}, "Drop": Drop{}, "RuntimeStatus": RuntimeStatus{},
	}
	for name, noun := range nouns {
		schema, found := doc.Components.Schemas[name]
		if !found {
			t.Errorf("openapi.json lacks the schema %s", name)
			continue
		}
		required, optional := jsonNames(reflect.TypeOf(noun))
		var have []string
		for p := range schema.Properties {
			have = append(have, p)
		}
		want := append(slices.Clone(required), optional...)
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Errorf("%s: openapi.json has %v, the type %v", name, have, want)
		}
		got := slices.Clone(schema.Required)
		slices.Sort(got)
		slices.Sort(required)
		if !slices.Equal(got, required) {
			t.Errorf("%s: openapi.json requires %v, the type always has %v", name, got, required)
		}
	}
	for name := range doc.Components.Schemas {
		if _, known := nouns[name]; !known && name != "Action" && name != "ShapeAction" && name != "NewChange" {
			t.Errorf("openapi.json has the schema %s, which no type stands behind", name)
		}
	}
}

// jsonNames returns the JSON names of a struct's fields, those that are always
// written apart from those that may be absent.
func jsonNames(t reflect.Type) (required, optional []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			r, o := jsonNames(f.Type)
			required, optional = append(required, r...), append(optional, o...)
			continue
		}
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if strings.Contains(rest, "omitempty") || strings.Contains(rest, "omitzero") {
			optional = append(optional, name)
		} else {
			required = append(required, name)
		}
	}
	return required, optional
}
