// The stand-in for the provider hashicorp/google. With the stand-in, Terraform needs no network and no account.
package main

import (
	"log"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"segue/tests/terraform/provider/catalog"
	"segue/tests/terraform/provider/standin"
)

func main() {
	known, err := catalog.Load()
	if err != nil {
		log.Fatal(err)
	}
	server := func() tfprotov6.ProviderServer { return standin.New(known) }
	if err := tf6server.Serve("registry.terraform.io/hashicorp/google", server); err != nil {
		log.Fatal(err)
	}
}
