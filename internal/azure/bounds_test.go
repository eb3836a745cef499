package azure

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/vmss-rollouts/vmss-rollouts/hack/metric"
	"github.com/vmss-rollouts/vmss-rollouts/internal/rollout"
)

// tooLong is said of an answer that goes beyond its bounds.
const tooLong = "the answer is too long and was not read to its end"

// flood answers with a beginning and then with the same again and again, in all so many bytes. Compressed, it is a thousandth of that.
func flood(status, size int, begin, again string, compressed bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var to io.Writer = w
		if compressed {
			w.Header().Set("Content-Encoding", "gzip")
		}
		w.WriteHeader(status)
		if compressed {
			packed := gzip.NewWriter(w)
			defer func() { _ = packed.Close() }() // the client may have hung up
			to = packed
		}
		if _, err := io.WriteString(to, begin); err != nil {
			return
		}
		for chunk := strings.Repeat(again, 1+(64<<10)/len(again)); size > 0; size -= len(chunk) {
			if _, err := io.WriteString(to, chunk); err != nil {
				return // the client has enough
			}
		}
	}
}

// allocated returns how many bytes were allocated in all while something was done, also by the server of the test.
func allocated(do func()) int {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// TestAnswersAreBounded holds what an answer may cost, whatever its size, its compression and its form, and that a person is told.
func TestAnswersAreBounded(t *testing.T) {
	metric.Fault(t, 24)
	const mib = 1 << 20
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		kind   rollout.Kind
		says   string
		most   int // MiB allocated in all
	}{
		"gzip bomb":            {flood(200, 512*mib, `{"value":[],"x":"`, "a", true), rollout.KindTransient, tooLong, 96},
		"gzip bomb of objects": {flood(200, 512*mib, `{"value":[`, `{},`, true), rollout.KindTransient, tooLong, 96},
		"gzip bomb of numbers": {flood(200, 512*mib, `{"value":[`, `1,`, true), rollout.KindTransient, tooLong, 96},
		"refusal of 30 MiB": {flood(400, 30*mib, `{"error":{"code":"BadRequest","message":"`, "a", false), rollout.KindInvalid,
			tooLong, 48},
		"refusal with 200,000 details": {flood(409, 200_000*30, `{"error":{"code":"Conflict","message":"x","details":[`,
			`{"code":"x","message":"y"},  `, false), rollout.KindInvalid, tooLong, 48},
		"throttled in 30 MiB": {flood(429, 30*mib, `{"code":"`, "a", true), rollout.KindThrottled, tooLong, 48},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeARM(t, c.answer)
			for what, read := range map[string]func() error{
				"list":  func() error { _, err := f.adapter.Instances(context.Background(), web); return err },
				"model": func() error { _, err := f.adapter.Model(context.Background(), web); return err },
			} {
				var err error
				cost := allocated(func() { err = read() })
				if p := problemOf(t, err); p.Kind != c.kind || !strings.Contains(p.Message, c.says) {
					t.Errorf("%s: got %s: %s", what, p.Kind, p.Message)
				}
				if cost > c.most*mib {
					t.Errorf("%s: %d MiB allocated, want at most %d", what, cost/mib, c.most)
				}
			}
		})
	}
}

// TestLongestPageIsRead holds that a page of a thousand instances with their views is none that is refused.
func TestLongestPageIsRead(t *testing.T) {
	metric.Fault(t, 24)
	status := `{"code":"ProvisioningState/succeeded","level":"Info","displayStatus":"Provisioning succeeded","time":"2026-01-01T00:00:00Z"},`
	view := `"instanceView":{"statuses":[` + strings.TrimSuffix(strings.Repeat(status, 30), ",") + `]}`
	var items []string
	for n := range 1000 {
		items = append(items, fmt.Sprintf(`{"instanceId":"%d","name":"web_%d","properties":{"vmId":"vm-%d","extra":"%s",%s}}`, n, n, n,
			strings.Repeat("x", 2500), view))
	}
	f := newFakeARM(t, answering(200, `{"value":[`+strings.Join(items, ",")+`]}`))
	if list, err := f.adapter.Instances(context.Background(), web); err != nil || len(list) != 1000 {
		t.Errorf("got %d, %v", len(list), err)
	}
}

// TestPagesAreCounted holds that a list ends, though each page leads to a new one.
func TestPagesAreCounted(t *testing.T) {
	metric.Fault(t, 24)
	for name, c := range map[string]struct {
		page func(n int) string
		says string
		most int
	}{
		"without items": {func(int) string { return "" }, "more than 1100 pages", 1100},
		"with items": {func(n int) string {
			return strings.TrimSuffix(strings.Repeat(fmt.Sprintf(`{"instanceId":"%d"},`, n), 1), ",")
		}, "more than 1100 pages", 1100},
		"with many items": {func(n int) string {
			var items []string
			for i := range 100 {
				items = append(items, fmt.Sprintf(`{"instanceId":"%d"}`, n*100+i))
			}
			return strings.Join(items, ",")
		}, "more than 2000 instances", 21},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			f := newFakeARM(t, func(w http.ResponseWriter, r *http.Request) {
				n++
				answering(200, fmt.Sprintf(`{"value":[%s],"nextLink":"http://%s/next?page=%d"}`, c.page(n), r.Host, n))(w, r)
			})
			list, err := f.adapter.Instances(context.Background(), web)
			if p := problemOf(t, err); list != nil || p.Kind != rollout.KindTransient || !strings.Contains(p.Message, c.says) {
				t.Errorf("got %d instances, %s: %s", len(list), p.Kind, p.Message)
			}
			if n > c.most {
				t.Errorf("%d pages were read", n)
			}
		})
	}
}
