//! GET /api/v1/deployments/latest

use crate::*;

on_both! {
    async fn latest_is_one_deployment_per_environment_in_environment_order(database) {
        let server = Server::start(&database).await;
        let admin = server.admin();
        for (environment, version) in [("production", "v1"), ("staging", "v2"), ("production", "v3")] {
            admin.record(json!({"component": "api", "environment": environment, "version": version, "status": "succeeded"})).await;
        }
        let running = admin.record(json!({"component": "api", "environment": "development", "version": "v4"})).await;
        let component = running["componentId"].as_str().unwrap();
        snapshot!("latest", server.reader().get(&format!("/api/v1/deployments/latest?componentId={component}")).await.whole());
    }

    async fn a_component_must_be_given_and_known(database) {
        let server = Server::start(&database).await;
        snapshot!("latest_without_component", server.reader().get("/api/v1/deployments/latest").await.whole());
        assert_eq!(server.reader().get("/api/v1/deployments/latest?componentId=x").await.status, 400);
        let unknown = "/api/v1/deployments/latest?componentId=00000000-0000-4000-8000-000000000000";
        assert_eq!(server.reader().get(unknown).await.status, 404);
        let (component, _) = api_in_production(&server).await;
        let none = server.reader().get(&format!("/api/v1/deployments/latest?componentId={component}")).await.expect(200);
        assert_eq!(none, json!([]));
    }
}
