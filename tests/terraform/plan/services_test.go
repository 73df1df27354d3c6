package plan

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// environment returns the environment variables of a service that have plain values.
func environment(service Values) map[string]string {
	found := map[string]string{}
	for _, one := range service.Blocks("template.containers.env") {
		if len(one.Blocks("value_source")) == 0 {
			found[one.Text("name")] = one.Text("value")
		}
	}
	return found
}

// secrets returns the environment variables of a service that refer to a secret.
func secrets(service Values) map[string]string {
	found := map[string]string{}
	for _, one := range service.Blocks("template.containers.env") {
		if secret := one.Text("value_source.secret_key_ref.secret"); secret != "" {
			found[one.Text("name")] = secret
		}
	}
	return found
}

func TestEveryServiceIsToldWhereEverythingIs(t *testing.T) {
	expected := map[string]string{
		"SEGUE_BUCKET":        "demo-project-segue",
		"SEGUE_DATABASE":      "segue-state",
		"SEGUE_IMAGE_MIRROR":  "europe-west1-docker.pkg.dev/demo-project/segue",
		"SEGUE_JOB_ACCOUNT":   "segue-containers@demo-project.iam.gserviceaccount.com",
		"SEGUE_PREFIX":        prefix,
		"SEGUE_PROJECT":       project,
		"SEGUE_PUSH_ACCOUNT":  "segue-push@demo-project.iam.gserviceaccount.com",
		"SEGUE_REGION":        region,
		"SEGUE_SCHEDULER_URL": "https://segue-scheduler-" + number + "." + region + ".run.app",
		"SEGUE_TASKS_ACCOUNT": "segue-tasks@demo-project.iam.gserviceaccount.com",
	}
	services := read(t, "plan.json").Of("google_cloud_run_v2_service")
	if len(services) != len(functions(t)) {
		t.Errorf("%d services", len(services))
	}
	for _, one := range services {
		got := environment(one.Values())
		for name, value := range expected {
			if got[name] != value {
				t.Errorf("%s: %s is %q", one.Address, name, got[name])
			}
		}
		if secret := secrets(one.Values())["SEGUE_ENCRYPTION_KEY"]; secret != "segue_encryption_key" {
			t.Errorf("%s: the encryption key is %q", one.Address, secret)
		}
	}
}

// People send and fetch files above 32 MiB, which Cloud Run passes on over HTTP/2 alone.
func TestWhatPeopleReachSpeaksHttp2(t *testing.T) {
	for _, name := range []string{"plan.json", "iap.json"} {
		for _, one := range read(t, name).Of("google_cloud_run_v2_service") {
			expected := ""
			if one.Values().Text("ingress") == "INGRESS_TRAFFIC_ALL" {
				expected = "h2c"
			}
			if got := one.Values().Text("template.containers.ports.name"); got != expected {
				t.Errorf("%s: %s: its port is called %q", name, one.Address, got)
			}
		}
	}
}

// Every environment variable of a function is explained in docs/google-cloud.md.
func TestEveryVariableIsDocumented(t *testing.T) {
	page := document(t, "google-cloud.md")
	for _, name := range []string{"plan.json", "iap.json"} {
		for _, one := range read(t, name).Of("google_cloud_run_v2_service") {
			for _, env := range one.Values().Blocks("template.containers.env") {
				variable := env.Text("name")
				if !strings.Contains(page, "`"+variable+"`") && !strings.Contains(page, "`"+variable+"=") {
					t.Errorf("%s: docs/google-cloud.md does not explain %s", one.Address, variable)
				}
			}
		}
	}
}

func TestEverySecretIsGivenByReference(t *testing.T) {
	hidden := regexp.MustCompile(`KEY|PASSWORD|SECRET|TOKEN`)
	for _, name := range []string{"plan.json", "iap.json"} {
		plan := read(t, name)
		for _, one := range plan.Of("google_cloud_run_v2_service") {
			for variable := range environment(one.Values()) {
				if hidden.MatchString(variable) {
					t.Errorf("%s: %s is written out", one.Address, variable)
				}
			}
		}
		for _, one := range plan.Of("google_secret_manager_secret_version") {
			for _, argument := range []string{"secret_data", "secret_data_wo"} {
				if one.Values()[argument] != nil || one.Change.AfterUnknown[argument] == true {
					t.Errorf("%s: plan or state has the value, in %s", one.Address, argument)
				}
			}
		}
	}
}

// A flow may read any secret with an id that begins with the prefix and a dash.
func TestNoFlowCanNameThePlatformsSecrets(t *testing.T) {
	for _, one := range read(t, "plan.json").Of("google_secret_manager_secret") {
		if id := one.Values().Text("secret_id"); strings.HasPrefix(id, prefix+"-") {
			t.Errorf("%s: flows can read %s", one.Address, id)
		}
	}
}

func TestCloudRunTakesTheSizes(t *testing.T) {
	leastMemory := map[string]float64{"1": 128, "2": 128, "4": 2048, "6": 4096, "8": 4096}
	for _, one := range read(t, "plan.json").Of("google_cloud_run_v2_service") {
		values := one.Values()
		cpu := values.Text("template.containers.resources.limits.cpu")
		memory := values.Text("template.containers.resources.limits.memory")
		least, known := leastMemory[cpu]
		if !known || mebibytes(t, memory) < least || mebibytes(t, memory) > 32*1024 {
			t.Errorf("%s: %s processors with %s", one.Address, cpu, memory)
		}
		if at := values.Number("template.max_instance_request_concurrency"); at < 1 || at > 1000 {
			t.Errorf("%s: %v requests at once", one.Address, at)
		}
		if most := values.Number("template.scaling.max_instance_count"); most < 1 || most > 100 {
			t.Errorf("%s: %v instances", one.Address, most)
		}
		if limit := seconds(t, values.Text("template.timeout")); limit < 1 || limit > 3600 {
			t.Errorf("%s: a request may take %v s", one.Address, limit)
		}
		if values.Text("template.execution_environment") != "EXECUTION_ENVIRONMENT_GEN2" {
			t.Errorf("%s is not of the second generation, which disks and mounts need", one.Address)
		}
	}
}

// The files of a service are in memory, unless a disk is mounted.
func TestWorkingDirectoriesOfScriptsAreOnDisk(t *testing.T) {
	facts := functions(t)
	for _, one := range read(t, "plan.json").Of("google_cloud_run_v2_service") {
		values := one.Values()
		disk := facts[strings.TrimPrefix(values.Text("name"), prefix+"-")].Disk
		medium := values.Text("template.volumes.empty_dir.medium")
		size := values.Text("template.volumes.empty_dir.size_limit")
		if disk != size || (disk != "") != (medium == "DISK") {
			t.Errorf("%s: a disk of %q, %q", one.Address, size, medium)
		}
		if disk != "" && values.Text("template.containers.volume_mounts.mount_path") != "/tmp/segue-work" {
			t.Errorf("%s: the disk is not where working directories are", one.Address)
		}
	}
	if facts["script"].Disk == "" {
		t.Error("scripts have no disk")
	}
}

func mebibytes(t *testing.T, size string) float64 {
	t.Helper()
	unit := map[string]float64{"Mi": 1, "Gi": 1024}[size[max(0, len(size)-2):]]
	number, err := strconv.ParseFloat(strings.TrimRight(size, "MGi"), 64)
	if err != nil || unit == 0 {
		t.Fatalf("%q is no size", size)
	}
	return number * unit
}
