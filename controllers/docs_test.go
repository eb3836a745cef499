package controllers_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	specification = "../docs/spec/v1alpha1/vmssrollouts.md"
	specOfChecks  = "../docs/spec/v1alpha1/checks.md"
	specOfActions = "../docs/spec/v1alpha1/rolloutactions.md"
	generatedCRDs = "../config/crd/bases/rollouts.vmss.dev_"
)

// TestSpecificationNamesEveryField: the specification names every field of the API, for the people who set or read it, and no field that
// the API does not have.
func TestSpecificationNamesEveryField(t *testing.T) {
	for _, kind := range []struct {
		name  string
		least int
		pages []string
	}{
		{"vmssrollouts", 150, []string{specification, specOfChecks}},
		{"rolloutactions", 12, []string{specOfActions}},
		{"checktemplates", 60, []string{specOfChecks}},
	} {
		quoted, tabled := map[string]bool{}, map[string]bool{}
		for _, page := range kind.pages {
			maps.Copy(quoted, quotedIn(t, page))
			maps.Copy(tabled, tabledIn(t, page))
		}
		fields := fieldsOf(t, generatedCRDs+kind.name+".yaml")
		if len(fields) < kind.least {
			t.Fatalf("%s: found %d fields, want at least %d: the schema is not read as it should be", kind.name, len(fields), kind.least)
		}
		known := map[string]bool{}
		for _, path := range fields {
			known[path] = true
			if kind.name == "checktemplates" && !strings.HasPrefix(path, "args") {
				path = "checks[]." + path // it is told of a rollout's checks, and is the same
			}
			if !quoted[path] {
				t.Errorf("%v do not name `%s` of %s", kind.pages, path, kind.name)
			}
		}
		for path := range tabled {
			if kind.name != "checktemplates" && !known[path] {
				t.Errorf("%v tell of `%s`, which %s do not have", kind.pages, path, kind.name)
			}
		}
	}
}

// TestSpecificationNamesEveryConditionAndReason: the specification names every condition type and reason, with its meaning and what comes
// next.
func TestSpecificationNamesEveryConditionAndReason(t *testing.T) {
	quoted := quotedIn(t, specification)
	names := constantsOf(t, "../api/v1alpha1/conditions.go")
	if len(names) < 30 {
		t.Fatalf("found %d condition types and reasons, want at least 30", len(names))
	}
	for constant, value := range names {
		if !quoted[value] {
			t.Errorf("%s does not name `%s` (%s)", specification, value, constant)
		}
	}
}

// TestDocumentedObjectsAreAdmitted: what people copy from a page works.
func TestDocumentedObjectsAreAdmitted(t *testing.T) {
	c := admission(t)
	tried := 0
	for _, page := range pages(t) {
		for n, block := range yamlBlocks(t, page) {
			for _, object := range ours(t, page, block) {
				tried++
				t.Run(filepath.Base(page)+" "+strconv.Itoa(n+1)+" "+object.GetKind(), func(t *testing.T) {
					object.SetNamespace("default")
					if err := c.Create(t.Context(), object, client.DryRunAll, client.FieldValidation("Strict")); err != nil {
						t.Errorf("%s: %v\n%s", page, err, block)
					}
				})
			}
		}
	}
	if tried < 6 {
		t.Errorf("tried %d objects, want at least 6: the pages are not read as they should be", tried)
	}
}

// pages are README.md and every page below docs.
func pages(t *testing.T) []string {
	t.Helper()
	list := []string{"../README.md"}
	err := filepath.WalkDir("../docs", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(path) == ".md" {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var yamlFence = regexp.MustCompile("(?ms)^([ ]*)```ya?ml[^\n]*\n(.*?)^[ ]*```[ ]*$")

// yamlBlocks are the fenced YAML blocks of a page, without the indentation of the list that they are in.
func yamlBlocks(t *testing.T, page string) []string {
	t.Helper()
	var blocks []string
	for _, match := range yamlFence.FindAllStringSubmatch(read(t, page), -1) {
		block := match[2]
		if indent := match[1]; indent != "" {
			block = strings.ReplaceAll("\n"+block, "\n"+indent, "\n")
		}
		blocks = append(blocks, block)
	}
	return blocks
}

// ours are a block's objects of this API. A block that has none may be anything.
func ours(t *testing.T, page, block string) []*unstructured.Unstructured {
	t.Helper()
	if !strings.Contains(block, "apiVersion: rollouts.vmss.dev/") {
		return nil
	}
	var objects []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(block), 4096); ; {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return objects
		} else if err != nil {
			t.Fatalf("%s: %v\n%s", page, err, block)
		}
		if strings.HasPrefix(object.GetAPIVersion(), "rollouts.vmss.dev/") {
			objects = append(objects, object)
		}
	}
}

var (
	anyFence = regexp.MustCompile("(?ms)^[ ]*```.*?^[ ]*```[ ]*$")
	inline   = regexp.MustCompile("`([^`\n]+)`")
)

// quotedIn returns the texts that a page has in backquotes outside of its fenced blocks.
func quotedIn(t *testing.T, page string) map[string]bool {
	t.Helper()
	quoted := map[string]bool{}
	for _, match := range inline.FindAllStringSubmatch(anyFence.ReplaceAllString(read(t, page), ""), -1) {
		quoted[match[1]] = true
	}
	return quoted
}

var (
	fieldTable = regexp.MustCompile(`(?m)^\| (?:Path|Field) \|.*\n\|[-|]+\|\n((?:\|.*\n)+)`)
	firstCell  = regexp.MustCompile("(?m)^\\| ((?:`[^`]+`(?:, )?)+) \\|")
)

// tabledIn are the paths that a page's tables of fields begin their rows with.
func tabledIn(t *testing.T, page string) map[string]bool {
	t.Helper()
	tabled := map[string]bool{}
	for _, table := range fieldTable.FindAllStringSubmatch(read(t, page), -1) {
		for _, row := range firstCell.FindAllStringSubmatch(table[1], -1) {
			for _, path := range inline.FindAllStringSubmatch(row[1], -1) {
				tabled[path[1]] = true
			}
		}
	}
	return tabled
}

// fieldsOf are the paths of every field below spec and status, as the specification writes them. A baseline has the fields of
// a target, so only it is named; what conditions hold is not this API's to tell.
func fieldsOf(t *testing.T, file string) []string {
	t.Helper()
	objects := objectsOf(t, file)
	versions, _, err := unstructured.NestedSlice(objects[0].Object, "spec", "versions")
	if err != nil || len(versions) != 1 {
		t.Fatalf("%s has %d versions (%v), want 1", file, len(versions), err)
	}
	var paths []string
	part := ""
	var walk func(prefix string, schema any)
	walk = func(prefix string, schema any) {
		fields, _ := schema.(map[string]any)
		if items, isList := fields["items"].(map[string]any); isList {
			prefix, fields = strings.TrimSuffix(prefix, ".")+"[].", items
		}
		properties, _ := fields["properties"].(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			path := prefix + name
			paths = append(paths, path)
			if (path != "baseline" || part != "spec") && path != "conditions" {
				walk(path+".", properties[name])
			}
		}
	}
	for _, part = range []string{"spec", "status"} {
		schema, found, err := unstructured.NestedMap(versions[0].(map[string]any), "schema", "openAPIV3Schema", "properties", part)
		if err != nil || (!found && part == "spec") {
			t.Fatalf("%s has no %s (%v)", file, part, err)
		}
		walk("", schema)
	}
	return paths
}

// constantsOf are the constants of a file and their values.
func constantsOf(t *testing.T, file string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constants := map[string]string{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		spec, isValue := node.(*ast.ValueSpec)
		if !isValue {
			return true
		}
		for n, name := range spec.Names {
			literal, isLiteral := spec.Values[n].(*ast.BasicLit)
			if !isLiteral {
				t.Fatalf("%s: the value of %s is no literal", file, name.Name)
			}
			if constants[name.Name], err = strconv.Unquote(literal.Value); err != nil {
				t.Fatalf("%s: %s: %v", file, name.Name, err)
			}
		}
		return false
	})
	return constants
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
